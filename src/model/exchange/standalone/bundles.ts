/** The parts of a standalone file that are the same for every model: what scripts/build-standalone.mjs and build-kernels.mjs write. */
import { readFileSync } from 'node:fs';

// From src/ in tests and from dist/ in service: both are equally deep below the root.
const dist = new URL('../../../../dist/', import.meta.url);

export interface Bundles {
  /** A script that leaves `TrainyardModel`: src/standalone/runtime.ts. */
  runtime: string;
  /** A script that leaves `TrainyardPage`: ui/standalone/page.tsx. */
  page: string;
  styles: string;
  /** In base64. */
  kernels: string;
}

let bundles: Bundles | undefined;

export function readBundles(): Bundles {
  const read = (file: string): Buffer => readFileSync(new URL(file, dist));
  return (bundles ??= {
    runtime: read('bundles/runtime.js').toString(),
    page: read('bundles/page.js').toString(),
    styles: read('bundles/page.css').toString(),
    kernels: read('model/engines/wasm/predictor.wasm').toString('base64'),
  });
}
