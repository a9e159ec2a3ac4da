import { getPriority } from 'node:os';
import { describe, expect, test } from 'vitest';
import { createFileStorage } from '../../src/storage/file-storage.js';
import { installedOptionalEngines } from '../../src/model/engines/select.js';
import { createRunStore } from '../../src/jobs/run-store.js';
import { startedOn } from '../jobs/started-on.js';
import { freePort } from '../servers/local-server.js';
import { describeWithService } from '../services.js';
import { flipBit, temporaryFolder } from '../storage/temporary-storage.js';
import {
  fileOf,
  jobWhen,
  readJob,
  served,
  smallJob,
  startInVain,
  startService,
  submit,
  succeeded,
  testDigits,
  trainingPid,
  type Service,
} from './service.js';

async function accuracyOf({ http }: Service, version: number): Promise<number> {
  const { inputs, labels } = await testDigits(200);
  const answer = (await http.post('/predict').send({ inputs }).expect(200)).body as {
    version: number;
    predictions: { label: string }[];
  };
  expect(answer.version).toBe(version);
  return answer.predictions.filter(({ label }, i) => label === labels[i]).length / labels.length;
}

const hasTensorflow = installedOptionalEngines().includes('tensorflow');

describe('the service on its embedded queue', () => {
  test('says first where it listens and what it stands on', async () => {
    const data = await temporaryFolder();
    const { url, log } = await startService({ DATA_DIR: data });
    expect(log.find((line) => line.url)).toMatchObject({
      url,
      docs: `${url}/docs`,
      queue: expect.stringContaining('embedded') as string,
      engine: expect.stringContaining('wasm') as string,
      data,
    });
  });

  test('learns MNIST, answers all the while, and serves each new version without a restart', async () => {
    const service = await startService({ DATA_DIR: await temporaryFolder() });
    await service.http
      .post('/predict')
      .send({ inputs: [[0]] })
      .expect(503);

    const { id } = await submit(service, smallJob);
    const running = await jobWhen(service, id, ({ progress }) => progress.samples_per_second !== null);
    expect(running).toMatchObject({ status: 'running', attempts: 1, engine: { name: 'reference' } });
    await service.http.get('/health/ready').expect(200);
    const job = await succeeded(service, id);
    expect(job).toMatchObject({ version: 1, progress: { fraction: 1, epoch: 2 } });
    expect(job.metrics?.test_accuracy).toBeGreaterThan(0.85);
    await expect.poll(() => served(service)).toHaveLength(1);
    expect(await accuracyOf(service, 1)).toBeGreaterThan(0.8);

    const second = await submit(service, { ...smallJob, engine: 'auto', seed: 1 });
    expect(await succeeded(service, second.id)).toMatchObject({ version: 2, engine: { name: 'wasm' } });
    await expect.poll(() => served(service)).toEqual([{ model: 'mnist-mlp', version: 2 }]);
    expect(await accuracyOf(service, 2)).toBeGreaterThan(0.75);
  });

  test('hands a run back on SIGTERM, and a second start ends it with the same bits', async () => {
    const settings = { DATA_DIR: await temporaryFolder() };
    const first = await startService(settings);
    const whole = await submit(first, { ...smallJob, model: 'whole' });
    await succeeded(first, whole.id);
    const { id } = await submit(first, { ...smallJob, model: 'stopped' });
    await jobWhen(first, id, ({ progress }) => progress.step > 0);
    expect(await first.end('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(first.log.at(-1)?.msg).toBe('stopped');

    const second = await startService(settings);
    const job = await succeeded(second, id);
    expect(job).toMatchObject({ attempts: 2, version: 1 });
    expect(job.resumed_from_step).toBeGreaterThan(0);
    expect(await fileOf(second, 'stopped', 1)).toBe(await fileOf(second, 'whole', 1));
    expect((await readJob(second, whole.id)).metrics).toEqual(job.metrics);
  });

  test('trains at a lower priority than it answers', async () => {
    const service = await startService({ DATA_DIR: await temporaryFolder() });
    const { id } = await submit(service, smallJob);
    await jobWhen(service, id, ({ progress }) => progress.step > 0);
    expect(getPriority(await trainingPid(service))).toBeGreaterThan(getPriority(service.pid));
  });

  test('survives the death of the process that trains', async () => {
    const service = await startService({ DATA_DIR: await temporaryFolder() });
    const { id } = await submit(service, { ...smallJob, checkpoint: { every_steps: 235 } });
    await jobWhen(service, id, ({ progress }) => progress.step > 235);
    process.kill(await trainingPid(service), 'SIGKILL');
    expect(await succeeded(service, id)).toMatchObject({ attempts: 2, resumed_from_step: 235, version: 1 });
  });

  test('takes its training process along when it is killed, and takes the run up again when it is back', async () => {
    const settings = { DATA_DIR: await temporaryFolder() };
    const first = await startService(settings);
    const { id } = await submit(first, smallJob);
    // As early as can be: the process that trains has hardly begun.
    await jobWhen(first, id, ({ attempts }) => attempts === 1);
    // The two share an output, so that this waits for both.
    expect(await first.end('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
    const second = await startService(settings);
    expect(await succeeded(second, id)).toMatchObject({ attempts: 2, version: 1 });
  });

  test('ends a run that diverges as failed, and goes on with the next', async () => {
    const service = await startService({ DATA_DIR: await temporaryFolder() });
    const hidden = Array.from({ length: 40 }, () => ({ units: 32 }));
    // On the engine where this is known to overflow within three steps.
    const bad = await submit(service, {
      network: { hidden },
      optimizer: { learning_rate: 10 },
      engine: 'reference',
    });
    const good = await submit(service, { ...smallJob, epochs: 1 });
    const failed = await jobWhen(service, bad.id, ({ status }) => status === 'failed');
    expect(failed).toMatchObject({ error: { code: 'TRAINING_DIVERGED' }, version: null });
    await succeeded(service, good.id);
  });

  test.skipIf(hasTensorflow)(
    'fails a run for an engine that is not installed, and says what is missing',
    async () => {
      const service = await startService({ DATA_DIR: await temporaryFolder() });
      const { id } = await submit(service, { ...smallJob, engine: 'tensorflow' });
      const { error } = await jobWhen(service, id, ({ status }) => status === 'failed');
      expect(error).toMatchObject({
        code: 'ENGINE_UNAVAILABLE',
        message: expect.stringContaining('@tensorflow/tfjs-node is not installed') as string,
      });
    },
  );

  test('serves the newest version that is not damaged, and says so', async () => {
    const settings = { DATA_DIR: await temporaryFolder() };
    const first = await startService(settings);
    let newest = '';
    for (const seed of [1, 2]) {
      ({ id: newest } = await submit(first, { ...smallJob, epochs: 1, seed }));
      await succeeded(first, newest);
    }
    await first.end('SIGTERM');
    const storage = await createFileStorage(settings.DATA_DIR);
    const files = await storage.list('models/mnist-mlp/files');
    const file = files.find((name) => name.startsWith(newest)) ?? 'none';
    await flipBit(storage, `models/mnist-mlp/files/${file}`, 12_345);

    const second = await startService(settings);
    expect(await accuracyOf(second, 1)).toBeGreaterThan(0.75);
    expect(second.log).toContainEqual(expect.objectContaining({ level: 40, model: 'mnist-mlp', version: 2 }));
  });
});

describe('a start that cannot be', () => {
  test.each([
    [{ ROLE: 'api' }, /CONFIG_INVALID.*ROLE=api needs QUEUE_URL/],
    [{ ROLE: 'worker' }, /CONFIG_INVALID.*ROLE=worker needs QUEUE_URL/],
    [{ PORT: '70000' }, /CONFIG_INVALID.*PORT/],
    [{ QUEUE_URL: 'mysql://here' }, /CONFIG_INVALID.*QUEUE_URL must begin/],
    [
      { HOST: '203.0.113.7', ALLOW_ANONYMOUS: '1' },
      /CONFIG_INVALID.*HOST must be an address .* of this machine/,
    ],
    [{ HOST: '0.0.0.0' }, /ADDRESS_EXPOSED.*HOST=0.0.0.0/],
    [{ WEBHOOK_SECRET: 'short' }, /CONFIG_INVALID.*WEBHOOK_SECRET must be/],
    [{ DATA_DIR: '/dev/null' }, /STORAGE_UNAVAILABLE.*DATA_DIR must be a folder/],
  ])('for want of a good setting says which, in one plain line: %o', async (settings, problem) => {
    const { code, log, errors } = await startInVain({ DATA_DIR: await temporaryFolder(), ...settings });
    expect(code).toBe(1);
    expect(errors).toMatch(problem);
    expect(errors).toMatch(/^[A-Z_]+: .+\n$/);
    expect(log).toEqual([]);
  });

  test('because the folder or the port is taken says so and ends', async () => {
    const settings = { DATA_DIR: await temporaryFolder() };
    const { url } = await startService(settings);
    const twice = await startInVain(settings);
    expect(twice).toMatchObject({ code: 1 });
    expect(twice.errors).toMatch(/^DATA_FOLDER_IN_USE: .*\n$/);

    const elsewhere = await startInVain({ DATA_DIR: await temporaryFolder(), PORT: new URL(url).port });
    expect(elsewhere).toMatchObject({ code: 1 });
    expect(elsewhere.errors).toMatch(/^ADDRESS_IN_USE: .*\n$/);
  });

  test('because the queue does not answer names it, without the password', async () => {
    const port = await freePort();
    const QUEUE_URL = `redis://user:secret@127.0.0.1:${port}`;
    const { code, log, errors } = await startInVain({ DATA_DIR: await temporaryFolder(), QUEUE_URL });
    expect(code).toBe(1);
    expect(errors).toMatch(/^QUEUE_UNAVAILABLE: .*\n$/);
    expect(errors + JSON.stringify(log)).not.toContain('secret');
  });
});

/** One run waits for TensorFlow, and there is no worker that has it. */
const unattended = { name: 'training-tensorflow', waiting: 1, workers: 0 };

for (const kind of ['redis', 'postgres'] as const) {
  describeWithService(kind, `API and workers apart, on a real ${kind}`, (queue) => {
    test('a run goes from one worker to the next when the first is stopped', async () => {
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
        const other = await submit(api, { ...smallJob, epochs: 1 });
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
