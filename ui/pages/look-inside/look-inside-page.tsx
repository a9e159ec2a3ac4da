/** Look inside. */
import { Page } from '../../parts/page.js';

export default function LookInsidePage() {
  return <Page title="Look inside">{null}</Page>;
}
