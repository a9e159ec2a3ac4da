/**
 * A version is served before a client hears of it: whoever is told that a job has published one gets predictions of that
 * version, or of a newer one, from the next request on. Without this, they would have to wait for the next look at what is
 * published.
 */
import type { EventFeed } from '../../jobs/views/event-feed.js';
import type { JobQueries } from '../../jobs/views/job-queries.js';
import type { ModelServer } from '../../model/serving/model-server.js';

interface JobSources {
  jobs: JobQueries;
  feed: Pick<EventFeed, 'follow'>;
}

export function servedFirst(
  { jobs, feed }: JobSources,
  modelServer: Pick<ModelServer, 'catchUp'>,
): JobSources {
  return {
    jobs: {
      ...jobs,
      async get(id) {
        const job = await jobs.get(id);
        if (job.version !== null) await modelServer.catchUp(job.model, job.version);
        return job;
      },
    },
    feed: {
      async follow(id, after, listener) {
        let delivered = Promise.resolve();
        const stop = await feed.follow(id, after, (events) => {
          const published = events.findLast((event) => event.type === 'published');
          delivered = delivered.then(async () => {
            if (published !== undefined) {
              const { model } = await jobs.get(id);
              await modelServer.catchUp(model, published.version);
            }
            listener(events);
          });
        });
        await delivered;
        return stop;
      },
    },
  };
}
