/** Models. */
import { Page } from '../../parts/page.js';

export default function ModelsPage() {
  return <Page title="Models">{null}</Page>;
}
