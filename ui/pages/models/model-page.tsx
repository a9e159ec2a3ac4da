/** Model. */
import { Page } from '../../parts/page.js';

export default function ModelPage() {
  return <Page title="Model">{null}</Page>;
}
