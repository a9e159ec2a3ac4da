/** Draw a digit. */
import { Page } from '../../parts/page.js';

export default function DrawPage() {
  return <Page title="Draw a digit">{null}</Page>;
}
