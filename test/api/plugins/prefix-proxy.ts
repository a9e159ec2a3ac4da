/** A proxy that has the service under a path of its own, as nginx does with `location /ml/`. */
import { once } from 'node:events';
import { createServer, request as ask } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface PrefixProxy {
  url: string;
  /** What was asked for outside the prefix, and so does not reach the service. */
  outside: string[];
}

export async function startPrefixProxy(
  target: string,
  prefix: string,
  { strips, forwards = false }: { strips: boolean; forwards?: boolean },
): Promise<PrefixProxy> {
  const outside: string[] = [];
  const server = createServer((request, response) => {
    const { url = '', method, headers } = request;
    if (!url.startsWith(`${prefix}/`)) {
      outside.push(url);
      response.writeHead(404).end();
      return;
    }
    const path = strips ? url.slice(prefix.length) : url;
    const sent = { ...headers, ...(forwards && { 'x-forwarded-prefix': prefix }) };
    const passed = ask(target + path, { method, headers: sent, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    passed.on('error', () => response.destroy());
    request.pipe(passed);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, outside };
}
