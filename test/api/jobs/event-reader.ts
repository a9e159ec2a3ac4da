/** Reads an event stream as browsers do: parsed by a library that knows nothing of the service. */
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import type { RunEvent } from '../../../src/jobs/runs/run-events.js';

export interface EventReader {
  response: IncomingMessage;
  /** Every event so far, as it was sent. */
  messages: EventSourceMessage[];
  comments: string[];
  retryMs: number[];
  /** The same, as the events that they carry. */
  events(): RunEvent[];
  /** Resolves when that many events are there, or the stream has ended. */
  until(count: number): Promise<void>;
  /** Resolves when the service ends the stream; rejects when it cuts it off. */
  ended: Promise<void>;
  leave(): void;
}

export async function readStream(url: string, headers: Record<string, string> = {}): Promise<EventReader> {
  const request = get(url, { headers: { accept: 'text/event-stream', ...headers }, agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const messages: EventSourceMessage[] = [];
  const comments: string[] = [];
  const retryMs: number[] = [];
  const parser = createParser({
    onEvent: (message) => messages.push(message),
    onComment: (comment) => comments.push(comment),
    onRetry: (ms) => retryMs.push(ms),
    onError(error) {
      throw error;
    },
  });
  let isOver = false;
  let hasLeft = false;
  let wake = (): void => undefined;

  async function read(): Promise<void> {
    response.setEncoding('utf8');
    try {
      for await (const text of response) {
        parser.feed(text as string);
        wake();
      }
    } catch (error) {
      if (!hasLeft) throw error;
    } finally {
      isOver = true;
      wake();
    }
  }

  const ended = read();
  // Whoever waits for the end hears of it.
  ended.catch(() => undefined);
  return {
    response,
    messages,
    comments,
    retryMs,
    events: () => messages.map(({ data }) => JSON.parse(data) as RunEvent),
    async until(count) {
      while (messages.length < count && !isOver) await new Promise<void>((resolve) => (wake = resolve));
    },
    ended,
    leave() {
      hasLeft = true;
      request.destroy();
    },
  };
}
