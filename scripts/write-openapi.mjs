/**
 * Writes openapi/openapi.json from the built app, so that the file in the repository is the document that the service
 * serves. With --check it writes nothing and fails if the two differ.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { buildOpenApiDocument } from '../dist/api/openapi-document.js';

const file = new URL('../openapi/openapi.json', import.meta.url);
const current = `${JSON.stringify(await buildOpenApiDocument(), null, 2)}\n`;

if (!process.argv.includes('--check')) {
  await writeFile(file, current);
} else if (current !== (await readFile(file, 'utf8').catch(() => ''))) {
  console.error('openapi/openapi.json is out of date; run npm run openapi');
  process.exitCode = 1;
}
