/** The HTTP server below the app, and what it bears of its clients. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { maxHeaderBytes } from './unreadable-request.js';

const limits = {
  maxHeaderSize: maxHeaderBytes,
  // Headers are small: whoever takes longer holds a connection open on purpose.
  headersTimeout: 15_000,
  connectionsCheckingInterval: 5_000,
  // How long a request may take to come in.
  requestTimeout: 120_000,
  // Longer than load balancers keep a connection that is idle, so that it is never this side that closes it under them.
  keepAliveTimeout: 72_000,
};

/** A connection costs some 20 kB, and a stream of events keeps one for hours. */
const maxConnections = 10_000;

export function createApiServer(answer: RequestListener): Server {
  const server = createServer(limits, answer);
  server.maxConnections = maxConnections;
  return server;
}
