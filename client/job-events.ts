/**
 * The events of a job, each once and in order, over as many connections as it takes. By fetch, because the browser's
 * EventSource can send no key.
 */
import { createParser } from 'eventsource-parser';
import { ApiError, ConnectionError } from './api-error.js';
import type { components } from './api-types.js';
import { backOffMs, pause } from './pauses.js';
import type { Transport } from './transport.js';

export type JobEvent = components['schemas']['JobEvent'];

export interface JobEventOptions {
  /** The `seq` of the last event that you have. */
  after?: number;
  signal?: AbortSignal | undefined;
  /** The connection is lost, and tried again after the pause. */
  onDisconnect?: (error: Error, nextTryMs: number) => void;
  /** The connection stands, first and after each loss. */
  onConnect?: () => void;
}

/** The service gives a sign of life every 15 seconds. A connection that is silent for longer is dead. */
const silentForMs = 45_000;
const reconnecting = { firstDelayMs: 500, longestDelayMs: 10_000 };

/**
 * Ends after the event `done`. A lost connection is opened again for as long as it takes; the first one is tried as often as
 * any request.
 * @throws ApiError when the service refuses to go on, ConnectionError when it never answered
 */
export async function* jobEvents(
  transport: Transport,
  id: string,
  { after = 0, signal, onConnect, onDisconnect }: JobEventOptions = {},
): AsyncGenerator<JobEvent, void, undefined> {
  let last = after;
  let failures = 0;
  let hasAnswered = false;
  for (;;) {
    signal?.throwIfAborted();
    const connection = new AbortController();
    const stop = (): void => connection.abort(signal?.reason);
    signal?.addEventListener('abort', stop, { once: true });
    try {
      const response = await transport.send(
        () => eventRequest(transport.baseUrl, id, last, connection.signal),
        hasAnswered ? 1 : undefined,
      );
      hasAnswered = true;
      onConnect?.();
      // The service has nothing more to tell.
      if (response.status === 204 || response.body === null) return;
      for await (const event of eventsOf(response.body, connection)) {
        failures = 0;
        last = event.seq;
        yield event;
        if (event.type === 'done') return;
      }
      throw new ConnectionError(response.url, new Error('the stream of events ended early'));
    } catch (error) {
      signal?.throwIfAborted();
      if (!hasAnswered || !mayPass(error)) throw error;
      failures++;
      const nextTryMs = backOffMs(failures, reconnecting);
      onDisconnect?.(error as Error, nextTryMs);
      await pause(nextTryMs, signal);
    } finally {
      signal?.removeEventListener('abort', stop);
      // Also when the caller stops listening.
      connection.abort();
    }
  }
}

function eventRequest(baseUrl: string, id: string, after: number, signal: AbortSignal): Request {
  return new Request(`${baseUrl}/v1/jobs/${encodeURIComponent(id)}/events`, {
    headers: {
      accept: 'text/event-stream',
      ...(after > 0 && { 'last-event-id': String(after) }),
    },
    cache: 'no-store',
    signal,
  });
}

/** @throws ConnectionError when the connection breaks or falls silent */
async function* eventsOf(
  body: ReadableStream<Uint8Array>,
  connection: AbortController,
): AsyncGenerator<JobEvent, void, undefined> {
  const arrived: JobEvent[] = [];
  const parser = createParser({
    onEvent: ({ data }) => arrived.push(JSON.parse(data) as JobEvent),
  });
  const reader = body.getReader();
  // Node forgets the signal of a request once that is garbage, and would wait for the next event.
  const stop = (): void => void reader.cancel().catch(() => undefined);
  connection.signal.addEventListener('abort', stop, { once: true });
  const decoder = new TextDecoder();
  for (;;) {
    const silence = setTimeout(
      () => connection.abort(new Error('no sign of life for 45 seconds')),
      silentForMs,
    );
    let piece;
    try {
      piece = await reader.read();
    } catch (error) {
      throw new ConnectionError('', error);
    } finally {
      clearTimeout(silence);
    }
    if (connection.signal.aborted) throw new ConnectionError('', connection.signal.reason);
    if (piece.done) return;
    parser.feed(decoder.decode(piece.value, { stream: true }));
    yield* arrived.splice(0);
  }
}

/** Whether it is worth another try: not where the service says that the job or the key is not valid. */
function mayPass(error: unknown): boolean {
  if (error instanceof ApiError) return error.status === 429 || error.status >= 500;
  return error instanceof ConnectionError;
}
