/**
 * The HTTP server below the app: the limits that it sets its clients, its answer to bytes that are not a request, and how it
 * closes.
 */
import { createServer, type RequestListener, type Server, STATUS_CODES } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionError, FastifyInstance } from 'fastify';
import { errorCodes, TrainyardError } from '../../errors.js';
import { securityHeaders } from './security-headers.js';
import { problemType } from '../problems/problem-schema.js';

/** A key, a request id and a trace take less than 1 kB. Browsers add a few more, including cookies of other sites. */
const maxHeaderBytes = 16 * 1024;

const limits = {
  maxHeaderSize: maxHeaderBytes,
  // Headers are small: a client that takes longer holds the connection open on purpose.
  headersTimeout: 15_000,
  connectionsCheckingInterval: 5_000,
  // How long a request may take to arrive. A dataset of a gigabyte over a line of 3 Mbit/s takes this long; bodies that
  // stall are refused much sooner, by bodies/.
  requestTimeout: 3_600_000,
  // Longer than load balancers keep an idle connection, so that this side never closes one that they are about to use.
  keepAliveTimeout: 72_000,
};

/** A connection costs about 20 kB, and a stream of events keeps one for hours. */
const maxConnections = 10_000;

/** Servers that let their connections go, each with the next answer. */
const draining = new WeakSet<Server>();

export function createApiServer(answer: RequestListener): Server {
  const server = createServer(limits, (request, response) => {
    if (draining.has(server)) response.shouldKeepAlive = false;
    answer(request, response);
  });
  server.maxConnections = maxConnections;
  return server;
}

/**
 * Before the server is closed: it accepts no more connections, and tells the client of each connection with the next answer to
 * open another one, which another process accepts. So no request is lost. `server.close` instead would close idle connections
 * at once, on which a client may just be sending. Resolves when all are gone, or after `withinMs`.
 */
export async function drain(server: Server, withinMs: number): Promise<void> {
  draining.add(server);
  const closed = new Promise<void>((resolve) => {
    // Not that of node:http, which closes idle connections.
    NetServer.prototype.close.call(server, () => resolve());
  });
  await Promise.race([closed, sleep(withinMs, undefined, { ref: false })]);
}

const refusals: Partial<Record<string, { status: number; detail: string }>> = {
  HPE_HEADER_OVERFLOW: { status: 431, detail: `The headers are larger than ${maxHeaderBytes} bytes.` },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, detail: 'The request did not arrive within the allowed time.' },
};

export function refuseUnreadable(this: FastifyInstance, error: ConnectionError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const { status, detail } = refusals[error.code] ?? { status: 400, detail: 'This is not HTTP.' };
  const requestId = randomUUID();
  this.log.debug({ err: error, request_id: requestId, status }, detail);
  if (socket.writable) socket.write(answer(status, detail, requestId));
  socket.destroy();
}

function answer(status: number, detail: string, requestId: string): string {
  const code = 'INVALID_REQUEST';
  const title = errorCodes[code];
  const body = JSON.stringify({
    type: problemType(code),
    title,
    status,
    detail,
    code,
    request_id: requestId,
  });
  const headers = {
    ...securityHeaders,
    'content-type': 'application/problem+json',
    'content-length': Buffer.byteLength(body),
    'x-request-id': requestId,
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n');
}

/**
 * Refuses new requests once the app begins to close; requests that are under way finish. Replaces Fastify's
 * `return503OnClosing`, whose answer is not a problem document.
 */
export function refuseWhenClosing(app: FastifyInstance): void {
  const connections = connectionsOf(app.server);
  let closing = false;
  app.addHook('preClose', (done) => {
    closing = true;
    if (app.server.listening || connections.size > 0) closeIdleConnections(app.server, connections);
    done();
  });
  app.addHook('onRequest', (_request, _reply, done) => {
    if (closing) done(new TrainyardError('SHUTTING_DOWN', 'The service is stopping. Try again in a moment.'));
    else done();
  });
}

function connectionsOf(server: Server): Set<Socket> {
  const connections = new Set<Socket>();
  server.on('connection', (socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  return connections;
}

/**
 * Node closes idle connections when the server begins to close. Two kinds would stay open for as long as their clients
 * keep them: a connection whose answer is just being sent, and one without a request so far.
 */
function closeIdleConnections(server: Server, connections: ReadonlySet<Socket>): void {
  const timer = setInterval(() => {
    server.closeIdleConnections();
    for (const socket of connections) if (socket.bytesRead === 0) socket.destroy();
  }, 50);
  server.once('close', () => clearInterval(timer));
}
