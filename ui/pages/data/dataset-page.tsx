/** Dataset. */
import { Page } from '../../parts/page.js';

export default function DatasetPage() {
  return <Page title="Dataset">{null}</Page>;
}
