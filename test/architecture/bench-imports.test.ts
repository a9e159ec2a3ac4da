/** No test runs the benchmarks. This one sees that what they import is there. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';

const bench = fileURLToPath(new URL('../../bench', import.meta.url));
const scripts = (await readdir(bench, { recursive: true })).filter((file) => file.endsWith('.mjs'));

test.each(scripts)('bench/%s imports what the service exports', async (script) => {
  const path = join(bench, script);
  const imports = (await readFile(path, 'utf8')).matchAll(
    /import \{([^}]+)\} from '(\.[^']*\/dist\/[^']+)'/g,
  );
  for (const [, names, module] of imports) {
    const exported = (await import(new URL(module, pathToFileURL(path)).href)) as object;
    for (const name of names.split(',').map((part) => part.trim().split(' ')[0])) {
      if (name !== '') expect(Object.keys(exported)).toContain(name);
    }
  }
});
