/**
 * The events of a job as server-sent events, for one client:
 * https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
import { Readable } from 'node:stream';
import type { RunEvent } from '../../jobs/runs/run-events.js';
import type { EventFeed } from '../../jobs/views/event-feed.js';

export interface EventStream {
  /** Ends after `done`. Destroying it stops following the job. */
  body: Readable;
  /** Ends it earlier. `why` becomes a comment in the stream, for people who read it. */
  end: (why?: string) => void;
}

/** Part of the first event's block: clients that parse JSON in every block fail on one without data. */
const retry = 'retry: 2000\n';

/** Has no blank line after it. Some clients take a blank line for the end of an event, whatever precedes it. */
const heartbeat = ':\n';

/** A client with more unread bytes than this is not reading. */
const mayBeUnreadBytes = 2 ** 20;

/** The text of each event, and of each list of events, is made once for all streams. */
const texts = new WeakMap<RunEvent | readonly RunEvent[], Buffer>();

/**
 * When this resolves, the stream holds the events so far that come after `after`.
 * @throws TrainyardError JOB_NOT_FOUND, RUN_CORRUPT
 */
export async function openEventStream(
  feed: Pick<EventFeed, 'follow'>,
  jobId: string,
  { after, heartbeatMs }: { after: number; heartbeatMs: number },
): Promise<EventStream> {
  let stopListening = (): void => undefined;
  let isOver = false;
  let hasBegun = false;
  let limitBytes = Infinity;

  const body = new Readable({
    read() {
      // Events are pushed as they come.
    },
    destroy(error, done) {
      isOver = true;
      clearInterval(timer);
      stopListening();
      done(error);
    },
  });

  function end(why?: string): void {
    if (isOver) return;
    isOver = true;
    if (why !== undefined) body.push(`: ${why}\n`);
    body.push(null);
  }

  function write(events: readonly RunEvent[]): void {
    if (isOver) return;
    if (!hasBegun) body.push(retry);
    hasBegun = true;
    body.push(textOf(events));
    if (events.at(-1)?.type === 'done') end();
    else if (body.readableLength > limitBytes) body.destroy(new Error('The client does not read its events'));
  }

  const timer = setInterval(() => {
    // A client with unread bytes needs no sign of life.
    if (!isOver && body.readableLength === 0) body.push(heartbeat);
  }, heartbeatMs);

  try {
    stopListening = await feed.follow(jobId, after, write);
  } catch (error) {
    body.destroy();
    throw error;
  }
  // The head of the answer is sent with the first bytes.
  if (body.readable && body.readableLength === 0) body.push(heartbeat);
  // What is there already does not count as unread.
  limitBytes = body.readableLength + mayBeUnreadBytes;
  return { body, end };
}

function textOf(events: readonly RunEvent[]): Buffer {
  return cachedText(events, () => Buffer.concat(events.map(textOfEvent)));
}

function textOfEvent(event: RunEvent): Buffer {
  const { seq, type } = event;
  return cachedText(event, () =>
    Buffer.from(`id: ${seq}\nevent: ${type}\ndata: ${JSON.stringify(event)}\n\n`),
  );
}

function cachedText(key: RunEvent | readonly RunEvent[], make: () => Buffer): Buffer {
  const known = texts.get(key);
  if (known !== undefined) return known;
  const text = make();
  texts.set(key, text);
  return text;
}
