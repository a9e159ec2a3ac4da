import { mkdtemp, rm } from 'node:fs/promises';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFileStorage } from '../../src/storage/file-storage.js';
import { installedOptionalEngines } from '../../src/model/engines/select.js';
import { fastestEngine } from '../fastest-engine.js';
import { flipBit, temporaryFolder } from '../storage/temporary-storage.js';
import {
  accuracyOf,
  fileOf,
  jobWhen,
  openService,
  readJob,
  served,
  quickJob,
  smallJob,
  startService,
  submit,
  succeeded,
  trainingPid,
  type Service,
} from './service.js';

const hasTensorflow = installedOptionalEngines().includes('tensorflow');

describe('the service on its embedded queue', () => {
  // One service for all tests that leave nothing behind except models.
  let service: Service;
  let data: string;
  let stop: () => Promise<void>;
  let wholeJobId: string;
  beforeAll(async () => {
    data = await mkdtemp(join(tmpdir(), 'trainyard-'));
    service = await openService({ DATA_DIR: data }, (kill) => (stop = kill));
  });
  afterAll(async () => {
    await stop();
    await rm(data, { recursive: true, force: true });
  });

  test('logs first where it listens and what it uses', () => {
    const { url, log } = service;
    expect(log.find((line) => line.url)).toMatchObject({
      url,
      docs: `${url}/docs`,
      queue: expect.stringContaining('embedded') as string,
      engine: expect.stringContaining(fastestEngine) as string,
      data,
    });
  });

  test('learns MNIST, answers meanwhile, and serves each new version without a restart', async () => {
    await service.http
      .post('/predict')
      .send({ inputs: [[0]] })
      .expect(503);

    const { id } = await submit(service, smallJob);
    const running = await jobWhen(service, id, ({ progress }) => progress.samples_per_second !== null);
    expect(running).toMatchObject({ status: 'running', attempts: 1, engine: { name: 'reference' } });
    await expect.poll(async () => (await service.http.get('/health/ready')).status).toBe(200);
    const job = await succeeded(service, id);
    expect(job).toMatchObject({ version: 1, progress: { fraction: 1, epoch: 1 } });
    wholeJobId = id;
    expect(job.metrics?.test_accuracy).toBeGreaterThan(0.85);
    await expect.poll(() => served(service)).toHaveLength(1);
    expect(await accuracyOf(service, 1)).toBeGreaterThan(0.8);

    const second = await submit(service, { ...smallJob, engine: 'auto', seed: 1 });
    expect(await succeeded(service, second.id)).toMatchObject({
      version: 2,
      engine: { name: fastestEngine },
    });
    await expect.poll(() => served(service)).toEqual([{ model: 'mnist-mlp', version: 2, state: 'ready' }]);
    expect(await accuracyOf(service, 2)).toBeGreaterThan(0.75);
  });

  test('hands a run back on SIGTERM, and after a restart the run ends with the same bits', async () => {
    const settings = { DATA_DIR: await temporaryFolder() };
    const first = await startService(settings);
    const { id } = await submit(first, { ...smallJob, model: 'stopped' });
    await jobWhen(first, id, ({ progress }) => progress.step > 0);
    expect(await first.end('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(first.log.at(-1)?.msg).toBe('stopped');

    const second = await startService(settings);
    const job = await succeeded(second, id);
    expect(job).toMatchObject({ attempts: 2, version: 1 });
    expect(job.resumed_from_step).toBeGreaterThan(0);
    // The first job of the test above was the same, without a stop.
    expect(await fileOf(second, 'stopped', 1)).toBe(await fileOf(service, 'mnist-mlp', 1));
    expect((await readJob(service, wholeJobId)).metrics).toEqual(job.metrics);
  });

  test('trains at a lower priority than it answers requests', async () => {
    const { id } = await submit(service, { ...smallJob, model: 'priority' });
    await jobWhen(service, id, ({ progress }) => progress.step > 0);
    expect(getPriority(await trainingPid(service))).toBeGreaterThan(getPriority(service.pid));
    await service.http.post(`/v1/jobs/${id}/cancel`).expect(200);
  });

  test('survives the death of the training process', async () => {
    const { id } = await submit(service, { ...smallJob, model: 'killed', checkpoint: { every_steps: 235 } });
    await jobWhen(service, id, ({ progress }) => progress.step > 235);
    process.kill(await trainingPid(service), 'SIGKILL');
    expect(await succeeded(service, id)).toMatchObject({ attempts: 2, resumed_from_step: 235, version: 1 });
  });

  test('ends its training process when it is killed, and continues the run after a restart', async () => {
    const settings = { DATA_DIR: await temporaryFolder() };
    const first = await startService(settings);
    const { id } = await submit(first, smallJob);
    // As early as possible, when the training process has just started.
    await jobWhen(first, id, ({ attempts }) => attempts === 1);
    // Both processes share an output, so this waits for both.
    expect(await first.end('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
    const second = await startService(settings);
    expect(await succeeded(second, id)).toMatchObject({ attempts: 2, version: 1 });
  });

  test('ends a run that diverges as failed, and continues with the next run', async () => {
    const hidden = Array.from({ length: 40 }, () => ({ units: 32 }));
    // On this engine it overflows within three steps.
    const bad = await submit(service, {
      network: { hidden },
      optimizer: { learning_rate: 10 },
      engine: 'reference',
    });
    const good = await submit(service, quickJob);
    const failed = await jobWhen(service, bad.id, ({ status }) => status === 'failed');
    expect(failed).toMatchObject({ error: { code: 'TRAINING_DIVERGED' }, version: null });
    await succeeded(service, good.id);
  });

  test.skipIf(hasTensorflow)(
    'fails a run for an engine that is not installed, and says what is missing',
    async () => {
      const { id } = await submit(service, { ...smallJob, engine: 'tensorflow' });
      const { error } = await jobWhen(service, id, ({ status }) => status === 'failed');
      expect(error).toMatchObject({
        code: 'ENGINE_UNAVAILABLE',
        message: expect.stringContaining('@tensorflow/tfjs-node is not installed') as string,
      });
    },
  );

  test('serves the newest version that is not damaged, and reports the damage', async () => {
    const settings = { DATA_DIR: await temporaryFolder() };
    const first = await startService(settings);
    let newest = '';
    for (const seed of [1, 2]) {
      ({ id: newest } = await submit(first, { ...quickJob, seed }));
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
