/** What came in and never became a request: not HTTP, too slow, or with more headers than a request may have. */
import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { ConnectionError, FastifyInstance } from 'fastify';
import { errorCodes } from '../../errors.js';
import { securityHeaders } from './security-headers.js';
import { problemType } from '../problems/problem-schema.js';

/** A key, an id and a trace take less than 1 kB; what a browser adds, cookies of its other sites included, a few. */
export const maxHeaderBytes = 16 * 1024;

const refusals: Partial<Record<string, { status: number; detail: string }>> = {
  HPE_HEADER_OVERFLOW: { status: 431, detail: `The headers are larger than ${maxHeaderBytes} bytes.` },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, detail: 'The request did not come in within the time allowed.' },
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
