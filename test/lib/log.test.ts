import { expect, test } from 'vitest';
import { formatKey, newKeyParts } from '../../src/keys/key.js';
import { createLogger, maskKeys, withoutSecrets } from '../../src/lib/log.js';

test.each([
  ['redis://user:secret@queue:6379/1', 'redis://queue:6379/1'],
  ['postgres://u:p%40ss@db/trainyard?sslpassword=secret', 'postgres://db/trainyard'],
])('a connection is named without its secrets: %s', (url, shown) => {
  expect(withoutSecrets(url)).toBe(shown);
});

const parts = newKeyParts();
const key = formatKey(parts);
const masked = `ty_${parts.id}_[redacted]`;

test.each([
  [key, masked],
  [`/predict?api_key=${key}&top_k=3`, `/predict?api_key=${masked}&top_k=3`],
  [`/${key}/${key}`, `/${masked}/${masked}`],
  [`?key%3D${key.replaceAll('_', '%5F')}`, `?key%3Dty%5F${parts.id}%5F[redacted]`],
  [key.slice(0, 30), masked],
  [`ty_${parts.id}`, `ty_${parts.id}`],
  ['quantity_of_samples', 'quantity_of_samples'],
])('a key is shown by its id alone: %s', (text, shown) => {
  expect(maskKeys(text)).toBe(shown);
});

test('no line of the log contains a key, wherever it was logged', () => {
  const lines: string[] = [];
  const log = createLogger({ logLevel: 'info', logFormat: 'json' }, { write: (line) => lines.push(line) });
  log.child({ url: `/?key=${key}` }).info({ headers: { referer: `https://a.example/${key}` } }, `got ${key}`);
  log.error({ err: new Error(`cannot use ${key}`, { cause: new Error(key) }) }, 'a request failed');
  expect(lines).toHaveLength(2);
  expect(lines.join('').match(new RegExp(`ty_${parts.id}_[^ "]*`, 'g'))?.length).toBeGreaterThan(4);
  expect(lines.join('')).not.toContain(parts.secret);
});

test('no line of the log contains a password, whether of settings or of an error', () => {
  const lines: string[] = [];
  const log = createLogger({ logLevel: 'info', logFormat: 'json' }, { write: (line) => lines.push(line) });
  log.info({ queue: { host: 'db', password: 'hidden' }, tries: 2, none: null }, 'connecting');
  log.error({ err: Object.assign(new Error('refused'), { password: 'hidden' }) }, 'cannot connect');
  expect(JSON.parse(lines[0])).toMatchObject({ queue: { host: 'db', password: '[redacted]' }, tries: 2 });
  expect(JSON.parse(lines[1])).toMatchObject({ err: { message: 'refused', password: '[redacted]' } });
  expect(lines.join('')).not.toContain('hidden');
});
