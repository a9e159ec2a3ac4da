/** Has a test service's datasets read and its jobs trained, in the process of the test, as its workers would. */
import { pino } from 'pino';
import { createDatasetStore } from '../../src/data/store.js';
import { takeIn } from '../../src/data/versions/take-in.js';
import type { Job } from '../../src/jobs/views/job.js';
import { trainRun } from '../../src/jobs/training/train-run.js';
import { engines } from '../../src/model/engines/select.js';
import { end, submit } from './runs.js';
import type { TestService } from './service.js';

export async function upload(service: TestService, name: string, csv: string): Promise<void> {
  const { body } = await service.http
    .post(`/v1/datasets?name=${name}`)
    .type('text/csv')
    .send(csv)
    .expect(202);
  const { version } = body as { version: number };
  for (const id of service.uploads) await takeIn(service.storage, id, { mostIdxBytes: 2 ** 20 });
  await service.http.get(`/v1/datasets/${name}/versions/${version}`).expect(200);
}

/** The job as it is shown once it has ended, and what it published is served. */
export async function train(service: TestService, request: object): Promise<Job> {
  const { id, model } = await submit(service, request);
  await trainRun({
    runId: id,
    term: await service.store.claim(id),
    storage: service.storage,
    store: service.store,
    registry: service.registry,
    datasets: createDatasetStore(service.storage),
    engines,
    log: pino({ level: 'silent' }),
    observe: () => undefined,
    signal: new AbortController().signal,
    threads: 1,
    memoryLimitBytes: 2 ** 30,
    now: () => new Date(),
    nowMs: () => performance.now(),
  });
  if ((await service.store.readResult(id)) === null) await end(service, id, 'failed');
  service.queue.delete(id);
  await service.modelServer.refresh(model);
  const { body } = await service.http.get(`/v1/jobs/${id}`).expect(200);
  return body as Job;
}
