/**
 * The events of a job as server-sent events, for one client:
 * https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
import { Readable } from 'node:stream';
import type { RunEvent } from '../../jobs/runs/documents.js';
import type { EventFeed } from '../../jobs/views/event-feed.js';

export interface EventStream {
  /** Ends after `done`. Whoever destroys it stops listening. */
  body: Readable;
  /** Ends it before that. `why` is a comment, for people who look at the stream. */
  end: (why?: string) => void;
}

/** Stands in the block of the first event: clients that read JSON in every block do not survive one without data. */
const retry = 'retry: 2000\n';

/** Without a blank line, which some clients take for the end of an event, whatever came before it. */
const heartbeat = ':\n';

/** A client that lets more wait is not reading. */
const mayWaitBytes = 2 ** 20;

/** Each text is made once for all streams: an event's, and that of what they are told at once. */
const texts = new WeakMap<RunEvent | readonly RunEvent[], Buffer>();

/**
 * What has happened since `after` is in the stream when this resolves.
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

  function tell(events: readonly RunEvent[]): void {
    if (isOver) return;
    if (!hasBegun) body.push(retry);
    hasBegun = true;
    body.push(textOf(events));
    if (events.at(-1)?.type === 'done') end();
    else if (body.readableLength > limitBytes) body.destroy(new Error('The client does not read its events'));
  }

  const timer = setInterval(() => {
    // While anything waits, it is the client that is silent.
    if (!isOver && body.readableLength === 0) body.push(heartbeat);
  }, heartbeatMs);

  try {
    stopListening = await feed.follow(jobId, after, tell);
  } catch (error) {
    body.destroy();
    throw error;
  }
  // The head of the answer goes out with the first bytes.
  if (body.readable && body.readableLength === 0) body.push(heartbeat);
  // That much was there before the client could read any of it.
  limitBytes = body.readableLength + mayWaitBytes;
  return { body, end };
}

function textOf(events: readonly RunEvent[]): Buffer {
  return madeOnce(events, () => Buffer.concat(events.map(textOfEvent)));
}

function textOfEvent(event: RunEvent): Buffer {
  const { seq, type } = event;
  return madeOnce(event, () => Buffer.from(`id: ${seq}\nevent: ${type}\ndata: ${JSON.stringify(event)}\n\n`));
}

function madeOnce(key: RunEvent | readonly RunEvent[], make: () => Buffer): Buffer {
  const known = texts.get(key);
  if (known !== undefined) return known;
  const text = make();
  texts.set(key, text);
  return text;
}
