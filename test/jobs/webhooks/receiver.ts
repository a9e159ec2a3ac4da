/** Real receivers on loopback, closed when the test ends. */
import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';
import { onTestFinished } from 'vitest';
import { parseWebhookSecret } from '../../../src/jobs/webhooks/signed-message.js';

const secretText = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
export const secret = parseWebhookSecret(secretText);

export interface Received {
  method: string | undefined;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface Receiver {
  port: number;
  url: string;
  /** Complete requests, in order of arrival. */
  received: Received[];
}

/** Reads each request completely before it answers. */
export async function startReceiver(
  answer: (response: ServerResponse, request: IncomingMessage) => void,
): Promise<Receiver> {
  const received: Received[] = [];
  const take: RequestListener = (request, response) => {
    void text(request).then((body) => {
      received.push({ method: request.method, headers: request.headers, body });
      answer(response, request);
    });
  };
  const server = createServer(take);
  const port = await listenOnLoopback(server);
  onTestFinished(() => server.closeAllConnections());
  return { port, url: `http://127.0.0.1:${port}/hook?token=t`, received };
}

/** Answers with these statuses in turn, and then repeats the last one. */
export function startAnswering(...statuses: number[]): Promise<Receiver> {
  let count = 0;
  return startReceiver((response) => {
    response.statusCode = statuses[Math.min(count++, statuses.length - 1)];
    response.end();
  });
}

/** Returns the port. The server is closed when the test ends. */
export async function listenOnLoopback(server: Server, host = '127.0.0.1'): Promise<number> {
  server.listen(0, host);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** The body, after the receiver's own library has verified the signature. */
export function verified({ headers, body }: Received, key = secretText): unknown {
  return new Webhook(key).verify(body, headers as Record<string, string>);
}
