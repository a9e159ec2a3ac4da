/** A way to a service that a test can cut, as a network that fails. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface CuttableWay {
  url: string;
  /** How many connections there have been. */
  count: () => number;
  /** Breaks the connections that stand. New ones work. */
  cut: () => void;
  /** Also refuses new ones, until it is opened again on the same port. */
  close: () => Promise<void>;
  open: () => Promise<void>;
}

export async function cuttableWayTo(serviceUrl: string): Promise<CuttableWay> {
  const { hostname, port } = new URL(serviceUrl);
  const sockets = new Set<Socket>();
  let count = 0;
  const server = createServer((near) => {
    count++;
    const far = connect(Number(port), hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.pipe(to);
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  const listen = async (at: number): Promise<void> => {
    server.listen(at, '127.0.0.1');
    await once(server, 'listening');
  };
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    cut();
    await closed;
  };
  await listen(0);
  onTestFinished(close);
  const { port: own } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${own}`, count: () => count, cut, close, open: () => listen(own) };
}
