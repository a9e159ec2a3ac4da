/** How the web pages are served: what a browser may do with them, what it keeps, and who may see them. */
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { pagesPolicy } from '../../../src/api/pages/pages.js';
import { startKeyedService } from '../access/keyed-service.js';
import { startService } from '../service.js';

const script = readdirSync(new URL('../../../dist/ui/assets', import.meta.url)).find((name) =>
  name.endsWith('.js'),
);

test('the document may run and ask only what this service serves, and is asked for anew each time', async () => {
  const { http } = await startService();
  const { headers, text } = await http.get('/').expect(200);
  expect(headers).toMatchObject({ 'content-security-policy': pagesPolicy, 'cache-control': 'no-cache' });
  expect(pagesPolicy).not.toMatch(/unsafe|https?:|\*/);
  expect(text).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=/);
});

test('a script is kept for good, since its name changes with its content, and comes compressed', async () => {
  const { url } = await startService();
  const answer = await fetch(`${url}/assets/${script}`, { headers: { 'accept-encoding': 'br' } });
  expect(answer.status).toBe(200);
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    'cache-control': 'public, max-age=31536000, immutable',
    'content-encoding': 'br',
    'content-type': expect.stringContaining('javascript') as string,
  });
});

test('the pages need no key, and what is not there is answered as everywhere', async () => {
  const service = await startKeyedService();
  await service.make();
  const { http } = service;
  for (const path of ['/', '/icon.svg', `/assets/${script}`]) await http.get(path).expect(200);
  for (const path of ['/assets/absent.js', '/index.html']) {
    expect((await http.get(path)).body, path).toMatchObject({ code: 'ROUTE_NOT_FOUND' });
  }
});
