/** API and workers as separate processes on a shared queue. */
import { expect, test } from 'vitest';
import { createRunStore } from '../../src/jobs/runs/run-store.js';
import { installedOptionalEngines } from '../../src/model/engines/select.js';
import { createFileStorage } from '../../src/storage/file-storage.js';
import { startedOn } from '../jobs/started-on.js';
import { describeWithService } from '../services.js';
import { temporaryFolder } from '../storage/temporary-storage.js';
import {
  accuracyOf,
  jobWhen,
  readJob,
  served,
  quickJob,
  smallJob,
  startService,
  submit,
  succeeded,
} from './service.js';

const hasTensorflow = installedOptionalEngines().includes('tensorflow');

/** The state of the queues when one run waits for TensorFlow and no worker has it. */
const unattended = { name: 'training-tensorflow', waiting: 1, workers: 0 };

for (const kind of ['redis', 'postgres'] as const) {
  describeWithService(kind, `API and workers apart, on a real ${kind}`, (queue) => {
    test('a run moves to another worker when its worker is stopped', async () => {
      const settings = { DATA_DIR: await temporaryFolder(), QUEUE_URL: queue().url };
      const api = await startService({ ...settings, ROLE: 'api' });
      const { id } = await submit(api, smallJob);
      expect((await readJob(api, id)).status).toBe('queued');

      const first = await startService({ ...settings, ROLE: 'worker' });
      await jobWhen(api, id, ({ progress }) => progress.step > 0);
      expect(await first.end('SIGTERM')).toEqual({ code: 0, signal: null });
      expect((await readJob(api, id)).status).toBe('queued');

      await startService({ ...settings, ROLE: 'worker' });
      const job = await succeeded(api, id);
      expect(job).toMatchObject({ attempts: 2, version: 1 });
      expect(job.resumed_from_step).toBeGreaterThan(0);
      await expect.poll(() => served(api)).toHaveLength(1);
      expect(await accuracyOf(api, 1)).toBeGreaterThan(0.8);
    });

    test.skipIf(hasTensorflow)(
      'a run for an engine that no worker has waits, and keeps no other from going on',
      async () => {
        const settings = { DATA_DIR: await temporaryFolder(), QUEUE_URL: queue().url };
        const api = await startService({ ...settings, ROLE: 'api' });
        const waiting = await submit(api, { ...smallJob, engine: 'tensorflow' });
        expect(await readJob(api, waiting.id)).toMatchObject({ status: 'queued', queue: unattended });
        const other = await submit(api, quickJob);
        await startService({ ...settings, ROLE: 'worker' });
        expect(await succeeded(api, other.id)).toMatchObject({ queue: null });
        expect(await readJob(api, waiting.id)).toMatchObject({ status: 'queued', queue: unattended });
        expect(await fetch(`${api.url}/metrics`).then((answer) => answer.text())).toContain(
          'trainyard_queue_jobs{queue="training-tensorflow",state="waiting"} 1',
        );
        // The tests share the queue.
        const cancelled = await api.http.post(`/v1/jobs/${waiting.id}/cancel`).expect(200);
        expect(cancelled.body).toMatchObject({ status: 'cancelled', queue: null });
      },
    );

    test.skipIf(hasTensorflow)(
      'a run that was begun on an engine which the worker has not waits for one that has it',
      async () => {
        const settings = { DATA_DIR: await temporaryFolder(), QUEUE_URL: queue().url };
        const api = await startService({ ...settings, ROLE: 'api' });
        const { id } = await submit(api, { engine: 'auto' });
        const store = createRunStore(await createFileStorage(settings.DATA_DIR));
        const elsewhere = await store.writeEvents(id, await store.claim(id));
        const started = startedOn('tensorflow');
        await elsewhere.append({ type: 'status', status: 'running', attempt: 1 }, started);
        await startService({ ...settings, ROLE: 'worker' });
        await jobWhen(api, id, ({ queue: where }) => where?.waiting === 1);
        expect(await readJob(api, id)).toMatchObject({
          status: 'queued',
          queue: unattended,
          last_error: { code: 'TRAINING_CRASHED', message: 'The worker that trained it is gone.' },
          engine: started.engine,
        });
      },
    );
  });
}
