/** Data. */
import { Page } from '../../parts/page.js';

export default function DatasetsPage() {
  return <Page title="Data">{null}</Page>;
}
