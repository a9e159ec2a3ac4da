/** What answers tell a browser, whatever they answer; and what is answered to what never became a request. */
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { openConnection } from '../raw-http.js';
import { startService } from '../service.js';

const always = {
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};
const nothing = "default-src 'none'; frame-ancestors 'none'";

test.each([
  ['an answer', '/v1/jobs', 200],
  ['a refusal', '/v1/jobs?limit=0', 400],
  ['what is not there', '/absent', 404],
  ['a path that cannot be read', '/v1/jobs/%zz', 400],
])('%s allows nothing', async (_name, path, status) => {
  const { url } = await startService();
  const answer = await fetch(url + path, { redirect: 'manual' });
  expect(answer.status).toBe(status);
  const headers = Object.fromEntries(answer.headers);
  expect(headers).toMatchObject({ ...always, 'content-security-policy': nothing });
  // That is for whoever ends TLS to say.
  expect(headers).not.toHaveProperty('strict-transport-security');
  expect(headers).not.toHaveProperty('x-powered-by');
});

test.each(['/docs', '/docs/static/swagger-ui-bundle.js'])(
  '%s allows what it needs, in no frame',
  async (path) => {
    const { http } = await startService();
    const { headers } = await http.get(path).expect(200);
    expect(headers).toMatchObject(always);
    expect(headers['content-security-policy']).toContain("default-src 'self'");
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
  },
);

describe('what never became a request', () => {
  async function send(url: string, text: string): Promise<string> {
    const { socket, received } = openConnection(url, text);
    await once(socket, 'close');
    return received();
  }

  test.each([
    [
      'headers of more than 16 kB',
      `GET / HTTP/1.1\r\nHost: a\r\nX-Large: ${'x'.repeat(17_000)}\r\n\r\n`,
      431,
    ],
    ['many small headers', `GET / HTTP/1.1\r\nHost: a\r\n${'name: value\r\n'.repeat(2_000)}\r\n`, 431],
    ['a path of more than 16 kB', `GET /${'x'.repeat(17_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 431],
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n\r\n', 400],
    [
      'two lengths',
      'POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      400,
    ],
  ])('%s: the answer is a problem document, and the service goes on', async (_name, text, status) => {
    const { url, http } = await startService();
    const [head = '', body = ''] = (await send(url, text)).split('\r\n\r\n');
    expect(head).toContain(`HTTP/1.1 ${status} `);
    expect(head).toContain('content-type: application/problem+json');
    expect(head).toContain(`content-security-policy: ${nothing}`);
    const problem = JSON.parse(body) as { request_id: string };
    expect(problem).toMatchObject({
      status,
      code: 'INVALID_REQUEST',
      type: 'urn:trainyard:problem:invalid-request',
    });
    expect(head).toContain(`x-request-id: ${problem.request_id}`);
    await http.get('/health/live').expect(200);
  });
});
