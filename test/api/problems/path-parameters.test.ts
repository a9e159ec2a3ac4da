/** Names and ids come from the outside and become keys of the storage: none of them leads out of the data folder. */
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildOpenApiDocument } from '../../../src/api/openapi-document.js';
import { createFileStorage } from '../../../src/storage/file-storage.js';
import { temporaryFolder } from '../../storage/temporary-storage.js';
import { sendRequest } from '../raw-http.js';
import { startService } from '../service.js';

const secret = 'planted-where-no-request-may-look';

/** What would lead from a folder in the data folder to a file beside it, written in every way that something undoes. */
const ways = [
  '..',
  '../../..',
  '../../secret',
  '../../../secret',
  '..%2f..%2fsecret',
  '..%2F..%2F..%2Fsecret',
  '%2e%2e',
  '%2e%2e%2f%2e%2e%2fsecret',
  '%252e%252e%252f%252e%252e%252fsecret',
  '..%252f..%252fsecret',
  '..%5c..%5csecret',
  '..%255c..%255csecret',
  '....%2f%2f....%2f%2fsecret',
  '..;%2f..%2fsecret',
  '%c0%ae%c0%ae%c0%afsecret',
  '%e0%80%ae%e0%80%ae%e0%80%afsecret',
  '%ef%bc%8e%ef%bc%8e%ef%bc%8fsecret',
  '%e2%80%a4%e2%80%a4%e2%88%95secret',
  '..%00%2fsecret',
  'mnist-mlp%00.json',
  '%00',
  '%0a',
  '%2f',
  '%2fetc%2fpasswd',
  'file:%2f%2f%2fetc%2fpasswd',
  'C:%5cWindows%5cwin.ini',
  '~',
  '.',
  '%20',
  '.tmp-1',
  'a'.repeat(99),
  'a'.repeat(5_000),
  `${'..%2f'.repeat(15)}etc%2fpasswd`,
  '__proto__',
  'constructor',
  'CON',
  '$(id)',
  '*',
];

/** Everything in the folder, with its content. */
async function contentsOf(folder: string): Promise<Record<string, string>> {
  const contents: Record<string, string> = {};
  for (const name of (await readdir(folder, { recursive: true })).sort()) {
    const path = join(folder, name);
    contents[name] = (await stat(path)).isFile() ? await readFile(path, 'utf8') : 'a folder';
  }
  return contents;
}

describe('of every operation, every parameter of its path', () => {
  test('leads nowhere but to what the service keeps', async () => {
    const outside = await temporaryFolder();
    const data = join(outside, 'a', 'data');
    const service = await startService({}, { storage: await createFileStorage(data), queue: new Map() });
    await service.publishDigits();
    for (const name of [
      'secret',
      'secret.json',
      'spec.json',
      'versions/000001.json',
      'runs/secret/spec.json',
    ]) {
      for (const folder of [outside, dirname(data)]) {
        await mkdir(dirname(join(folder, name)), { recursive: true });
        await writeFile(join(folder, name), JSON.stringify({ format_version: 1, secret }));
      }
    }
    const before = await contentsOf(outside);

    const { paths } = (await buildOpenApiDocument()) as { paths: Record<string, Record<string, object>> };
    const parameter = /\{[^}]+\}/g;
    const routes = Object.entries(paths).filter(([path]) => path.match(parameter));
    expect(routes.length).toBeGreaterThan(5);
    for (const [path, methods] of routes) {
      const parameters = path.match(parameter) ?? [];
      for (const method of Object.keys(methods)) {
        for (const way of ways) {
          for (const tried of parameters) {
            // Of the others, one that there is.
            const asked = path.replaceAll(parameter, (each) => (each === tried ? way : 'mnist-mlp'));
            const { status, text } = await sendRequest(service.url, method.toUpperCase(), asked);
            expect(status, `${method} ${asked}`).toBeGreaterThanOrEqual(400);
            expect(status, `${method} ${asked}`).toBeLessThan(500);
            expect(text, `${method} ${asked}`).not.toContain(secret);
          }
        }
      }
    }
    expect(await contentsOf(outside)).toEqual(before);
    expect(service.logLines.filter(({ level }) => level >= 40)).toEqual([]);
  });
});

test('the names in bodies lead nowhere either', async () => {
  const outside = await temporaryFolder();
  const data = join(outside, 'data');
  const service = await startService({}, { storage: await createFileStorage(data), queue: new Map() });
  await service.publishDigits();
  await writeFile(join(outside, 'secret.json'), secret);
  for (const way of ways.map(decodedWhereItCan)) {
    for (const [path, body] of [
      ['/predict', { inputs: [[0]], model: way }],
      ['/v1/jobs', { model: way }],
      ['/v1/jobs', { dataset: way }],
    ] as const) {
      const { status, text } = await service.http.post(path).send(body);
      expect(status, `${path} ${way}`).toBeLessThan(500);
      expect(text).not.toContain(secret);
    }
  }
  expect(await readdir(outside)).toEqual(['data', 'secret.json']);
  expect(await readdir(data)).toEqual(['last-published.json', 'models', 'runs']);
});

function decodedWhereItCan(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
