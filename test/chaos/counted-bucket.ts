/** A way to an object store that counts the requests on it, by what they do. */
import { createServer, request as send, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

export interface CountedBucket {
  /** A STORE_URL that leads here. */
  url: string;
  /** So far: GET, PUT, HEAD, DELETE, POST, and LIST. */
  counts: () => Record<string, number>;
  close: () => void;
}

/** `storeUrl` is a STORE_URL with an endpoint. The signature covers the Host that the client sends, so it is passed on as it is. */
export async function countRequestsTo(storeUrl: string): Promise<CountedBucket> {
  const url = new URL(storeUrl);
  const { hostname, port } = new URL(url.searchParams.get('endpoint') ?? '');
  const counts: Record<string, number> = {};
  const server = createServer((request, response) => {
    const kind = kindOf(request);
    counts[kind] = (counts[kind] ?? 0) + 1;
    const { method, url: path, headers } = request;
    const forwarded = send({ hostname, port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(response);
    });
    forwarded.on('error', () => response.destroy());
    request.pipe(forwarded);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url.searchParams.set('endpoint', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return {
    url: url.href,
    counts: () => ({ ...counts }),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function kindOf({ method = '', url = '' }: IncomingMessage): string {
  return method === 'GET' && url.includes('list-type=2') ? 'LIST' : method;
}
