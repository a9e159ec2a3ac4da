/** Playground. */
import { Page } from '../../parts/page.js';

export default function PlaygroundPage() {
  return <Page title="Playground">{null}</Page>;
}
