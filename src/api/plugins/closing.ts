/** From the moment the app begins to close, new requests on open connections are refused; those under way go on. */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { TrainyardError } from '../../errors.js';

/** Takes the place of Fastify's `return503OnClosing`, whose answer is not a problem document. */
export function useRefusalWhenClosing(app: FastifyInstance): void {
  const connections = connectionsOf(app.server);
  let closing = false;
  app.addHook('preClose', (done) => {
    closing = true;
    if (app.server.listening) closeWhateverIsIdle(app.server, connections);
    done();
  });
  app.addHook('onRequest', (_request, _reply, done) => {
    if (closing) done(new TrainyardError('SHUTTING_DOWN', 'The service is stopping. Ask again in a moment.'));
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
 * Node closes the connections that are idle when it is told to close. Two kinds would stay open for as long as their
 * clients keep them: one whose answer is just on its way, and one that has not asked anything yet.
 */
function closeWhateverIsIdle(server: Server, connections: ReadonlySet<Socket>): void {
  const timer = setInterval(() => {
    server.closeIdleConnections();
    for (const socket of connections) if (socket.bytesRead === 0) socket.destroy();
  }, 50);
  server.once('close', () => clearInterval(timer));
}
