/** Train. */
import { Page } from '../../parts/page.js';

export default function TrainPage() {
  return <Page title="Train">{null}</Page>;
}
