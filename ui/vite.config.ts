/** Builds the web pages to dist/ui, which the service serves. `npx vite ui` shows them while one works on them. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

const service = process.env.TRAINYARD_URL ?? 'http://127.0.0.1:3000';

export default defineConfig({
  root: import.meta.dirname,
  // Relative, so that the pages work under any path of a proxy.
  base: './',
  build: {
    outDir: '../dist/ui',
    emptyOutDir: true,
    // The policy of the pages allows no `data:` URLs for scripts and styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [compressed()],
  server: {
    proxy: Object.fromEntries(
      ['/v1', '/predict', '/health', '/docs', '/openapi.json', '/admin'].map((path) => [path, service]),
    ),
  },
});

/** Writes each text file compressed beside itself, so that the service need not compress it again and again. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    // The files as they are served, after everything that changes them.
    async writeBundle({ dir = '' }, bundle) {
      for (const fileName of Object.keys(bundle).filter((name) => /\.(?:js|css)$/.test(name))) {
        const path = join(dir, fileName);
        const content = await readFile(path);
        await writeFile(`${path}.br`, brotliCompressSync(content));
        await writeFile(`${path}.gz`, gzipSync(content, { level: 9 }));
      }
    },
  };
}
