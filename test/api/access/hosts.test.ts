/** The Host that a request names. */
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { openConnection } from '../raw-http.js';
import { startService } from '../service.js';

/** The answer to a request with these lines of headers. */
async function answerTo(url: string, lines: string[], path = '/v1/jobs'): Promise<string> {
  const { socket, received } = openConnection(
    url,
    [`GET ${path} HTTP/1.1`, ...lines, 'Connection: close', '', ''].join('\r\n'),
  );
  await once(socket, 'close');
  return received();
}

test.each([
  [['Host: localhost', 'Host: localhost']],
  [['Host: localhost', 'hOsT: evil.example']],
  [['Host: localhost', 'X-Other: 1', 'Host:']],
])('two of them are refused: %j', async (lines) => {
  const { url } = await startService();
  for (const path of ['/v1/jobs', '/health/live', '/nope', '/v2', '/docs']) {
    const answer = await answerTo(url, lines, path);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('The request has more than one Host header; send one.');
  }
});

test.each(['a b', 'a/b', 'user@host', 'host:port', 'host:123456', '[::1', 'a,b', '<x>'])(
  'one that is no host is refused: %s',
  async (host) => {
    const { url } = await startService();
    expect(await answerTo(url, [`Host: ${host}`])).toContain('The Host header is not a name or an address');
  },
);

test.each(['localhost', 'LocalHost:3000', '127.0.0.1:', '[::1]:3000', 'my_service.internal', ''])(
  'one is taken: %j',
  async (host) => {
    const { url } = await startService();
    expect(await answerTo(url, [`Host: ${host}`])).toMatch(/^HTTP\/1\.1 200 /);
  },
);
