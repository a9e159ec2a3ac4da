/** The events of a job, page by page or as a stream. */
import { Readable } from 'node:stream';
import Type from 'typebox';
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { EventFeed } from '../../jobs/views/event-feed.js';
import type { JobQueries } from '../../jobs/views/job-queries.js';
import type { Key } from '../../keys/key-ring.js';
import { openEventStream } from './event-stream.js';
import type { Keys } from '../access/keys.js';
import {
  JobEventHeaders,
  JobEventList,
  JobEventPage,
  JobEventStream,
  JobEvent,
  jobEvents,
} from './event-schemas.js';
import { JobParams } from './job-schemas.js';

export const eventComponents = [JobEvent, ...jobEvents, JobEventList, JobEventStream];

export interface JobEventDeps {
  jobs: JobQueries;
  feed: Pick<EventFeed, 'follow'>;
  /** Without a key ring nobody needs a key. */
  keys?: Pick<Keys, 'stillAdmits'>;
  /** Between two signs of life of a stream without events. */
  heartbeatMs?: number;
}

/** A stream may outlive the key that opened it, which can be revoked or expire. */
const keysCheckedEveryMs = 500;

interface OpenStream {
  key: Key | null;
  close: (why?: string) => void;
}

const streamHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache',
  // A proxy must not buffer events.
  'x-accel-buffering': 'no',
  // The connection ends with the stream, so that a closing server does not wait for another request on it.
  connection: 'close',
};

export const jobEventRoutes: FastifyPluginCallbackTypebox<JobEventDeps> = (
  app,
  { jobs, feed, keys, heartbeatMs = 15_000 },
  done,
) => {
  const streams = new Set<OpenStream>();
  let isClosing = false;
  app.addHook('preClose', (next) => {
    isClosing = true;
    clearInterval(keyCheck);
    for (const { close } of streams) close();
    next();
  });
  const keyCheck = setInterval(() => {
    for (const { key, close } of streams) {
      if (keys?.stillAdmits(key) === false) close('The key no longer allows this.');
    }
  }, keysCheckedEveryMs).unref();

  /** Whether the client has every event of a job that has ended, and need not reconnect. */
  async function isAtEnd(id: string, after: number): Promise<boolean> {
    const { finished_at: finishedAt } = await jobs.get(id);
    return finishedAt !== null && (await jobs.events(id, { after, limit: 1 })).data.length === 0;
  }

  app.get(
    '/v1/jobs/:id/events',
    {
      schema: {
        operationId: 'listJobEvents',
        tags: ['jobs'],
        summary: 'Follow a job',
        description:
          'With `Accept: text/event-stream`, a stream of server-sent events: first those after `after`, then new ' +
          'ones as they happen, and `done` at the end. A client that reconnects with `Last-Event-ID`, as an ' +
          '`EventSource` does on its own, gets every event exactly once. A client that leaves more than 1 MiB ' +
          'unread is disconnected and may reconnect. The stream ends when its key is revoked or ' +
          'expires.\n\nWithout that header, a page of events. For the next page, send `after` with the `seq` of ' +
          'the last event of this page.',
        params: JobParams,
        headers: JobEventHeaders,
        querystring: JobEventPage,
        response: {
          200: {
            description: 'The events, in order.',
            content: {
              'application/json': { schema: JobEventList.ref },
              'text/event-stream': { schema: JobEventStream.ref },
            },
          },
          204: Type.Null({
            description:
              'For a stream: `after` is the last event of a job that has ended, so there is no need to reconnect.',
          }),
        },
      },
      config: { access: 'train', problems: ['JOB_NOT_FOUND', 'RUN_CORRUPT'] },
    },
    async (request, reply) => {
      const { id } = request.params;
      const { after: afterInQuery = 0, limit = 100, only } = request.query;
      const { 'last-event-id': lastEventId, accept } = request.headers;
      const after = lastEventId === undefined ? afterInQuery : Number(lastEventId);

      reply.header('vary', 'accept, origin');
      if (!prefersStream(accept)) return jobs.events(id, { after, limit, milestones: only === 'milestones' });
      if (await isAtEnd(id, after)) return reply.code(204).send(null);
      // HEAD gets the headers only, and must not wait for the end of the job.
      if (request.method === 'HEAD') return reply.headers(streamHeaders).send(Readable.from([]));

      const { body, end } = await openEventStream(feed, id, { after, heartbeatMs });
      const stream: OpenStream = {
        key: request.key,
        close(why) {
          // The service does not wait for a client that has stopped reading.
          if (body.readableLength + reply.raw.writableLength > 0) body.destroy();
          else end(why);
        },
      };
      streams.add(stream);
      body.once('close', () => streams.delete(stream));
      if (isClosing) end();
      return reply.headers(streamHeaders).send(body);
    },
  );

  done();
};

/** Whether the client prefers a stream to JSON (RFC 9110, section 12.5.1). */
function prefersStream(accept = '*/*'): boolean {
  const weights = new Map(accept.split(',').map(weightedRange));
  const weightOf = (...ranges: string[]): number =>
    ranges.map((range) => weights.get(range)).find((weight) => weight !== undefined) ?? 0;
  return (
    weightOf('text/event-stream', 'text/*', '*/*') > weightOf('application/json', 'application/*', '*/*')
  );
}

function weightedRange(text: string): [range: string, weight: number] {
  const [range = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith('q='));
  return [range, weight === undefined ? 1 : Number(weight.slice(2))];
}
