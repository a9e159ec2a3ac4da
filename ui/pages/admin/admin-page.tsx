/** Admin. */
import { Page } from '../../parts/page.js';

export default function AdminPage() {
  return <Page title="Admin">{null}</Page>;
}
