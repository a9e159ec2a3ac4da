/**
 * Reads bodies from the socket into memory. It inflates them, and refuses bodies that are larger than their route
 * allows, that arrive too slowly, or that exceed the memory for all bodies together.
 */
import type { IncomingMessage } from 'node:http';
import type { Transform } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { TrainyardError } from '../../errors.js';
import { holderOf } from '../access/credentials.js';
import { tooLarge } from '../problems/problem.js';
import type { SharedBudget } from './shared-budget.js';
import { inflaterFor, takenEncodings } from './content-encoding.js';
import { streamedBody, tooSlow, type SlowBodies } from './streamed-body.js';

export const noMemoryLeft = 'The memory for bodies is used up by other requests. Try again in a second.';

const lookEveryMs = 1_000;
const largeBytes = 2 ** 20;

/** A body that is arriving. */
interface Incoming {
  sinceMs: number;
  /** As they were sent, before inflating. */
  bytes: number;
  fail: (error: Error) => void;
}

export interface BodyReaderOptions {
  /** In bytes, for all bodies that are being read or answered. */
  memory: SharedBudget;
  slow: SlowBodies;
  /** Called when a body has arrived. @throws TrainyardError to refuse it */
  onArrived: (request: FastifyRequest) => void;
}

export class BodyReader {
  readonly #options: BodyReaderOptions;
  readonly #incoming = new Set<Incoming>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: BodyReaderOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#refuseSlow(), Math.min(lookEveryMs, options.slow.graceMs)).unref();
  }

  /**
   * The memory is released when the request has been answered.
   * @throws TrainyardError BODY_TOO_LARGE, BODY_TOO_SLOW, OVERLOADED, UNSUPPORTED_MEDIA_TYPE, INVALID_REQUEST
   */
  async read(request: FastifyRequest, payload: IncomingMessage): Promise<Buffer> {
    const limit = request.routeOptions.bodyLimit;
    if (Number(request.headers['content-length']) > limit) throw tooLarge(limit);
    const inflater = inflaterOf(request);
    const bytes = await this.#collect(request, payload, inflater, limit);
    this.#options.onArrived(request);
    return bytes;
  }

  #collect(
    request: FastifyRequest,
    payload: IncomingMessage,
    inflater: Transform | null,
    limit: number,
  ): Promise<Buffer> {
    const { memory } = this.#options;
    const holder = holderOf(request);
    const source = inflater ?? payload;
    const whole = inflater === null ? roomFor(request) : null;
    const chunks: Buffer[] = [];
    let length = 0;

    return new Promise((resolve, reject) => {
      const stop = (): void => {
        this.#incoming.delete(incoming);
        source.off('data', take).off('end', finish).off('error', fail);
        payload.off('error', fail);
        if (inflater === null) return;
        payload.off('data', count).unpipe(inflater).resume();
        inflater.on('error', () => undefined).destroy();
      };
      const fail = (error: Error): void => {
        if (!this.#incoming.has(incoming)) return;
        stop();
        reject(inflater === null || error instanceof TrainyardError ? error : notInflated(request, error));
      };
      const finish = (): void => {
        this.#incoming.delete(incoming);
        resolve(whole ?? Buffer.concat(chunks, length));
      };
      const count = (chunk: Buffer): void => {
        incoming.bytes += chunk.length;
      };
      const take = (chunk: Buffer): void => {
        if (inflater === null) count(chunk);
        if (length + chunk.length > limit) {
          fail(tooLarge(limit));
        } else if (!memory.hasRoom(chunk.length) || !memory.holderHasRoom(holder, chunk.length)) {
          fail(noMemory());
        } else {
          memory.take(holder, chunk.length);
          if (whole === null) chunks.push(chunk);
          else chunk.copy(whole, length);
          length += chunk.length;
        }
      };
      const incoming: Incoming = { sinceMs: performance.now(), bytes: 0, fail };

      this.#incoming.add(incoming);
      // Comes once, after the answer or when the client goes away.
      request.response.once('close', () => {
        if (this.#incoming.has(incoming)) fail(new TrainyardError('CLIENT_GONE', 'The client went away.'));
        memory.release(holder, length);
      });
      source.on('data', take).on('end', finish).on('error', fail);
      if (inflater === null) return;
      payload.on('data', count).on('error', fail);
      payload.pipe(inflater);
    });
  }

  /**
   * The body as it arrives, for a route that stores it. `heldBytes` is what the route holds of it at a time; that memory is
   * released when the request has been answered.
   * @throws TrainyardError BODY_TOO_SLOW, OVERLOADED, CLIENT_GONE, UNSUPPORTED_MEDIA_TYPE, INVALID_REQUEST
   */
  async *stream(
    request: FastifyRequest,
    payload: IncomingMessage,
    heldBytes: number,
  ): AsyncGenerator<Buffer, void, undefined> {
    const { memory, slow } = this.#options;
    const holder = holderOf(request);
    const inflater = inflaterOf(request);
    if (!memory.hasRoom(heldBytes) || !memory.holderHasRoom(holder, heldBytes)) throw noMemory();
    memory.take(holder, heldBytes);
    request.response.once('close', () => memory.release(holder, heldBytes));
    try {
      yield* streamedBody(payload, inflater, slow);
    } catch (error) {
      throw inflater === null || !isInflation(error) ? error : notInflated(request, error);
    }
  }

  /**
   * Counts this much more memory until the request has been answered.
   * @throws TrainyardError OVERLOADED
   */
  hold(request: FastifyRequest, bytes: number): void {
    const { memory } = this.#options;
    const holder = holderOf(request);
    if (request.response.closed) return;
    if (!memory.hasRoom(bytes) || !memory.holderHasRoom(holder, bytes)) throw noMemory();
    memory.take(holder, bytes);
    request.response.once('close', () => memory.release(holder, bytes));
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #refuseSlow(): void {
    const { graceMs, bytesPerSecond } = this.#options.slow;
    const nowMs = performance.now();
    for (const { sinceMs, bytes, fail } of this.#incoming) {
      const seconds = (nowMs - sinceMs - graceMs) / 1_000;
      if (bytes < seconds * bytesPerSecond) fail(tooSlow(bytesPerSecond));
    }
  }
}

/**
 * A buffer for a large body of known length. Filling it as the body arrives avoids one long copy at the end. Untouched
 * parts of such a buffer take no memory.
 */
function roomFor({ headers }: FastifyRequest): Buffer | null {
  const length = Number(headers['content-length'] ?? 0);
  return length > largeBytes ? Buffer.allocUnsafeSlow(length) : null;
}

function inflaterOf({ headers, response }: FastifyRequest): Transform | null {
  try {
    return inflaterFor(headers['content-encoding']);
  } catch (error) {
    // RFC 7694, section 3.
    response.setHeader('accept-encoding', takenEncodings);
    throw error;
  }
}

function notInflated({ headers }: FastifyRequest, error: Error): TrainyardError {
  const message = `The body cannot be inflated as ${headers['content-encoding']}: ${error.message}.`;
  return new TrainyardError('INVALID_REQUEST', message, { cause: error });
}

/** Of zlib. */
function isInflation(error: unknown): error is Error {
  return error instanceof Error && 'errno' in error && 'code' in error && String(error.code).startsWith('Z_');
}

function noMemory(): TrainyardError {
  return new TrainyardError('OVERLOADED', noMemoryLeft);
}
