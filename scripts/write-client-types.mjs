/**
 * Writes client/api-types.ts, the types of the API, from openapi/openapi.json. Does nothing where they are of this document
 * already, because making them takes seconds.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../openapi/openapi.json', import.meta.url));
const target = fileURLToPath(new URL('../client/api-types.ts', import.meta.url));

const text = readFileSync(source, 'utf8');
const version = JSON.parse(
  readFileSync(new URL('../node_modules/openapi-typescript/package.json', import.meta.url), 'utf8'),
).version;
const digest = createHash('sha256').update(version).update(text).digest('hex');
const heading = `/** The types of the API, made of openapi.json by scripts/write-client-types.mjs. ${digest} */\n`;

if (!existsSync(target) || !readFileSync(target, 'utf8').startsWith(heading)) {
  const { default: typesOf, astToString } = await import('openapi-typescript');
  // What has a default may be left out of a request.
  const types = await typesOf(withoutExamples(JSON.parse(text)), { defaultNonNullable: false });
  writeFileSync(target, heading + astToString(types));
}

/** Examples are two thirds of the document, and comments in the types. A property may be called example too. */
function withoutExamples(value, isMapOfNames = false) {
  if (Array.isArray(value)) return value.map((item) => withoutExamples(item));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(
    ([name]) => isMapOfNames || (name !== 'example' && name !== 'examples'),
  );
  return Object.fromEntries(
    entries.map(([name, item]) => [
      name,
      withoutExamples(item, !isMapOfNames && (name === 'properties' || name === 'schemas')),
    ]),
  );
}
