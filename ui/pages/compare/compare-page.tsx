/** Jobs. */
import { Page } from '../../parts/page.js';

export default function ComparePage() {
  return <Page title="Jobs">{null}</Page>;
}
