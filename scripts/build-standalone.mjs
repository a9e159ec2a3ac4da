/**
 * Bundles what lies in files that predict without the service, each to one script that needs nothing else: the runtime of
 * src/standalone and the page of ui/standalone with its styles.
 */
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));

for (const [name, entry, global] of [
  ['runtime', 'src/standalone/runtime.ts', 'TrainyardModel'],
  ['page', 'ui/standalone/page.tsx', 'TrainyardPage'],
]) {
  await build({
    configFile: false,
    root,
    logLevel: 'warn',
    publicDir: false,
    resolve: { alias: { 'node:zlib': `${root}src/standalone/zlib.ts` } },
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: {
      outDir: 'dist/bundles',
      emptyOutDir: false,
      target: 'es2022',
      lib: { entry, name: global, formats: ['iife'], fileName: () => `${name}.js`, cssFileName: name },
    },
  });
}
