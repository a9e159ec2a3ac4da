import { getEventListeners } from 'node:events';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer, isIPv6, type LookupFunction } from 'node:net';
import { Readable } from 'node:stream';
import { describe, expect, test, vi } from 'vitest';
import { createSender } from '../../../src/jobs/webhooks/send.js';
import { privateAddresses } from './addresses.js';
import { listenOnLoopback, startAnswering, startReceiver } from './receiver.js';
import * as selfSigned from './self-signed.js';

const never = new AbortController().signal;
const message = {
  headers: { 'content-type': 'application/json', 'webhook-id': 'job_1_7' },
  body: '{"a":"ü"}',
};
const sendAnywhere = createSender({ allowPrivate: true });
const sendPublicly = createSender({ allowPrivate: false });

/** A name lookup that gives one address for every name. */
function resolving(address: string): LookupFunction {
  const family = isIPv6(address) ? 6 : 4;
  return vi.fn<LookupFunction>((_, options, callback) => {
    if (options.all) callback(null, [{ address, family }]);
    else callback(null, address, family);
  });
}

describe('a message', () => {
  test('arrives unchanged', async () => {
    const { url, received } = await startAnswering(200);
    expect(await sendAnywhere(url, message, never)).toMatchObject({ statusCode: 200, error: null });
    expect(received).toEqual([
      {
        method: 'POST',
        headers: expect.objectContaining({ ...message.headers, 'content-length': '10' }) as object,
        body: message.body,
      },
    ]);
  });

  test.each([204, 302, 404, 410, 500])(
    'that is answered with %i has this status as its result',
    async (status) => {
      const { url } = await startAnswering(status);
      expect(await sendAnywhere(url, message, never)).toMatchObject({ statusCode: status, error: null });
    },
  );

  test('returns the Retry-After of the receiver', async () => {
    const { url } = await startReceiver((response) => response.writeHead(503, { 'retry-after': '7' }).end());
    expect(await sendAnywhere(url, message, never)).toMatchObject({ statusCode: 503, retryAfter: '7' });
  });

  test('does not follow redirects', async () => {
    const inside = await startAnswering(200);
    const outside = await startReceiver((response) =>
      response.writeHead(307, { location: inside.url }).end(),
    );
    expect(await sendAnywhere(outside.url, message, never)).toMatchObject({ statusCode: 307 });
    expect(inside.received).toEqual([]);
  });
});

describe('the status counts even if the response', () => {
  test('is too long, and the rest is cut off', async () => {
    let isRead = false;
    const { url } = await startReceiver((response) => {
      // Far more than the buffers of two sockets hold.
      const chunks = Array<Buffer>(1024).fill(Buffer.alloc(64 * 1024));
      Readable.from(chunks).pipe(response);
      response.on('finish', () => (isRead = true)).on('error', () => undefined);
    });
    expect(await sendAnywhere(url, message, never)).toMatchObject({ statusCode: 200, error: null });
    expect(isRead).toBe(false);
  });

  test('never ends', async () => {
    const { url } = await startReceiver((response) => response.write('…'));
    const send = createSender({ allowPrivate: true, timeoutMs: 1_000 });
    expect(await send(url, message, never)).toMatchObject({ statusCode: 200, error: null });
  });

  test('breaks off', async () => {
    const { url } = await startReceiver((response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('…', () => response.destroy());
    });
    expect(await sendAnywhere(url, message, never)).toMatchObject({ statusCode: 200, error: null });
  });
});

describe('without a status, the result is', () => {
  test('TIMEOUT when the receiver does not answer in time', async () => {
    const { url } = await startReceiver(() => undefined);
    const send = createSender({ allowPrivate: true, timeoutMs: 100 });
    expect(await send(url, message, never)).toMatchObject({ statusCode: null, error: 'TIMEOUT' });
  });

  test('TIMEOUT when the name lookup takes too long', async () => {
    const send = createSender({ allowPrivate: true, timeoutMs: 100, lookup: () => undefined });
    expect(await send('http://receiver.example/', message, never)).toMatchObject({ error: 'TIMEOUT' });
  });

  test('ECONNREFUSED when nobody listens', async () => {
    const server = createTcpServer();
    const port = await listenOnLoopback(server);
    await new Promise((resolve) => server.close(resolve));
    expect(await sendAnywhere(`http://127.0.0.1:${port}/`, message, never)).toMatchObject({
      statusCode: null,
      error: 'ECONNREFUSED',
    });
  });

  test('ECONNRESET when the receiver hangs up', async () => {
    const { url } = await startReceiver((response) => response.destroy());
    expect(await sendAnywhere(url, message, never)).toMatchObject({ error: 'ECONNRESET' });
  });

  test('ENOTFOUND when the name does not exist', async () => {
    const lookup: LookupFunction = (_, __, callback) =>
      callback(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }), '');
    const send = createSender({ allowPrivate: true, lookup });
    expect(await send('http://receiver.example/', message, never)).toMatchObject({ error: 'ENOTFOUND' });
  });

  test.each([
    ['not HTTP', 'SSH-2.0-OpenSSH_9.6\r\n', 'HPE_INVALID_CONSTANT'],
    ['a header without an end', `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(100_000)}`, 'HPE_HEADER_OVERFLOW'],
    [
      'another protocol',
      'HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n',
      'CONNECTION_FAILED',
    ],
  ])('a code when the receiver answers with %s', async (_, text, error) => {
    const server = createTcpServer((socket) => socket.on('error', () => undefined).write(text));
    const port = await listenOnLoopback(server);
    expect(await sendAnywhere(`http://127.0.0.1:${port}/`, message, never)).toMatchObject({ error });
  });

  test('a certificate code when no authority signed the certificate', async () => {
    const requests: unknown[] = [];
    const server = createHttpsServer(selfSigned, (request) => requests.push(request));
    const port = await listenOnLoopback(server);
    expect(await sendAnywhere(`https://127.0.0.1:${port}/`, message, never)).toMatchObject({
      error: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    });
    expect(requests).toEqual([]);
  });
});

describe('the signal', () => {
  test('stops a send in progress, which then rejects', async () => {
    const stop = new AbortController();
    const { url } = await startReceiver(() => stop.abort(new Error('stopping')));
    await expect(sendAnywhere(url, message, stop.signal)).rejects.toThrow('stopping');
  });

  test('has no listener left after a send', async () => {
    const { url } = await startAnswering(200);
    const { signal } = new AbortController();
    await sendAnywhere(url, message, signal);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('prevents a send from starting', async () => {
    const { url, received } = await startAnswering(200);
    await expect(sendAnywhere(url, message, AbortSignal.abort(new Error('stopped')))).rejects.toThrow(
      'stopped',
    );
    expect(received).toEqual([]);
  });
});

describe('unless the service allows it, nothing is sent to', () => {
  const refused = { statusCode: null, error: 'PRIVATE_ADDRESS' };

  test.each(privateAddresses)('%s, %s, over http and https', async (_, host) => {
    expect(await sendPublicly(`http://${host}:9/`, message, never)).toMatchObject(refused);
    expect(await sendPublicly(`https://${host}:9/`, message, never)).toMatchObject(refused);
  });

  test('localhost', async () => {
    const { port, received } = await startAnswering(200);
    expect(await sendPublicly(`http://localhost:${port}/`, message, never)).toMatchObject(refused);
    expect(await sendAnywhere(`http://localhost:${port}/`, message, never)).toMatchObject({
      statusCode: 200,
    });
    expect(received).toHaveLength(1);
  });

  test.each(['127.0.0.1', '10.1.2.3', '169.254.169.254', '::1', '::ffff:127.0.0.1', 'fd00::1'])(
    'a name that leads to %s',
    async (address) => {
      const send = createSender({ allowPrivate: false, lookup: resolving(address) });
      expect(await send('http://receiver.example/', message, never)).toMatchObject(refused);
      expect(await send('https://receiver.example/', message, never)).toMatchObject(refused);
    },
  );

  test('a name with many addresses, one of them private', async () => {
    const lookup: LookupFunction = (_, options, callback) => {
      expect(options.all).toBe(true);
      const addresses = ['8.8.8.8', '127.0.0.1'].map((address) => ({ address, family: 4 }));
      callback(null, addresses);
    };
    const send = createSender({ allowPrivate: false, lookup });
    expect(await send('http://receiver.example/', message, never)).toMatchObject(refused);
  });
});

test('a service that allows private addresses sends to names that lead there', async () => {
  const { port, received } = await startAnswering(200);
  const send = createSender({ allowPrivate: true, lookup: resolving('127.0.0.1') });
  expect(await send(`http://receiver.example:${port}/`, message, never)).toMatchObject({ statusCode: 200 });
  expect(received).toHaveLength(1);
});

test('each send looks the name up exactly once, so the checked address is the one that is called', async () => {
  const { port } = await startAnswering(200);
  const lookup = resolving('127.0.0.1');
  const send = createSender({ allowPrivate: true, lookup });
  await send(`http://receiver.example:${port}/`, message, never);
  expect(lookup).toHaveBeenCalledTimes(1);
  await send(`http://receiver.example:${port}/`, message, never);
  expect(lookup).toHaveBeenCalledTimes(2);
});
