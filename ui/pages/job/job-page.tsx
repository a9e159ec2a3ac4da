/** Job. */
import { Page } from '../../parts/page.js';

export default function JobPage() {
  return <Page title="Job">{null}</Page>;
}
