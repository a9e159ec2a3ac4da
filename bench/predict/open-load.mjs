/**
 * Requests at a steady rate, whether or not those before them have been answered: what a crowd of independent clients
 * does, and no client that waits for its answer can. Over plain sockets, as the client must not be the slower half.
 */
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { connect } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from '../quantile.mjs';

const everyMs = 1;

/** Those that were taken in, with their times, and those that were refused; a request that finds no socket free is late. */
export async function pour(url, { type, payload }, { connections, seconds, perSecond }) {
  const { hostname, port, pathname } = new URL(url);
  const head = `POST ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(payload)}\r\n\r\n`;
  const request = Buffer.concat([Buffer.from(head), Buffer.from(payload)]);
  const answers = [];
  const free = [];
  const sockets = await Promise.all(
    Array.from({ length: connections }, () =>
      openSocket(
        { host: hostname, port: Number(port) },
        (answer) => answers.push(answer),
        (socket) => free.push(socket),
      ),
    ),
  );

  const startMs = performance.now();
  let asked = 0;
  let late = 0;
  for (;;) {
    const elapsedMs = performance.now() - startMs;
    if (elapsedMs > seconds * 1_000) break;
    for (const due = Math.floor((elapsedMs / 1_000) * perSecond); asked < due; asked++) {
      const socket = free.pop();
      if (socket === undefined) late++;
      else socket.ask(request);
    }
    await sleep(everyMs);
  }
  // The last answers are on their way.
  await sleep(500);
  for (const socket of sockets) socket.close();

  const ofStatus = (status) => answers.filter((answer) => answer.status === status).map(({ ms }) => ms);
  const [taken, refused] = [ofStatus('200'), ofStatus('429')];
  return {
    askedPerSecond: asked / seconds,
    takenPerSecond: taken.length / seconds,
    refusedPerSecond: refused.length / seconds,
    failed: answers.length - taken.length - refused.length,
    late,
    p50: quantile(taken, 0.5),
    p99: quantile(taken, 0.99),
  };
}

/** So many requests in all, each connection asking again when it has its answer, whatever that says. */
export async function ask(url, { type, payload }, { requests, connections }) {
  const { hostname, port, pathname } = new URL(url);
  const head = `POST ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(payload)}\r\n\r\n`;
  const request = Buffer.concat([Buffer.from(head), Buffer.from(payload)]);
  let asked = 0;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      let answered;
      const onAnswer = (answer) => {
        if (answer.status === 'broken') throw new Error(`${url}: a connection broke`);
      };
      const socket = await openSocket({ host: hostname, port: Number(port) }, onAnswer, () => answered?.());
      while (asked++ < requests) {
        await new Promise((resolve) => {
          answered = resolve;
          socket.ask(request);
        });
      }
      socket.close();
    }),
  );
}

/** `onFree` is called when it can be asked: at first, and whenever it has its answer. */
async function openSocket(address, onAnswer, onFree) {
  const socket = connect({ ...address, noDelay: true });
  await once(socket, 'connect');
  let received = '';
  let sentMs = 0;
  const self = {
    ask(request) {
      sentMs = performance.now();
      socket.write(request);
    },
    close: () => socket.destroy(),
  };
  socket.setEncoding('latin1').on('data', (text) => {
    received += text;
    const end = received.indexOf('\r\n\r\n');
    if (end < 0) return;
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(received)[1]);
    if (received.length < end + 4 + length) return;
    onAnswer({ status: received.slice(9, 12), ms: performance.now() - sentMs });
    received = '';
    onFree(self);
  });
  socket.on('error', () => onAnswer({ status: 'broken', ms: 0 }));
  onFree(self);
  return self;
}
