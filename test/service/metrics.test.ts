/** The metrics of the built service, and the routes of its workers. */
import request from 'supertest';
import { describe, expect, test } from 'vitest';
import { describeWithService } from '../services.js';
import { temporaryFolder } from '../storage/temporary-storage.js';
import { parseExposition, valueOf, type Family } from '../telemetry/exposition.js';
import { jobWhen, smallJob, startService, submit, succeeded, testDigits, type Service } from './service.js';

async function scrape({ url }: Service): Promise<Map<string, Family>> {
  return parseExposition((await request(url).get('/metrics').expect(200)).text);
}

describe('the service on its embedded queue', () => {
  test('shows a job while it trains, and counts it when it has ended', async () => {
    const service = await startService({ DATA_DIR: await temporaryFolder() });
    const { id } = await submit(service, smallJob);
    const shown = async () => {
      const families = await scrape(service);
      const labels = { job_id: id, model: 'mnist-mlp' };
      return {
        pace: valueOf(families, 'trainyard_training_samples_per_second', labels),
        loss: valueOf(families, 'trainyard_training_loss', { ...labels, split: 'train' }),
        active: valueOf(families, 'trainyard_queue_jobs', { queue: 'training', state: 'active' }),
        processes: valueOf(families, 'trainyard_training_processes'),
      };
    };
    await expect.poll(shown).toEqual({
      pace: expect.any(Number) as number,
      loss: expect.any(Number) as number,
      active: 1,
      processes: 1,
    });

    await succeeded(service, id);
    await expect.poll(shown).toEqual({ pace: undefined, loss: undefined, active: 0, processes: 0 });
    const { inputs } = await testDigits(3);
    await expect.poll(async () => (await service.http.post('/predict').send({ inputs })).status).toBe(200);
    const families = await scrape(service);
    expect(valueOf(families, 'trainyard_jobs_total', { status: 'succeeded' })).toBe(1);
    expect(valueOf(families, 'trainyard_job_queue_wait_seconds_count')).toBe(1);
    expect(valueOf(families, 'trainyard_checkpoint_duration_seconds_count')).toBeGreaterThan(0);
    expect(valueOf(families, 'trainyard_model_version', { model: 'mnist-mlp' })).toBe(1);
    expect(valueOf(families, 'trainyard_predictions_total', { model: 'mnist-mlp', version: '1' })).toBe(1);
    expect(
      valueOf(families, 'http_request_duration_seconds_count', { route: '/v1/jobs/:id', status: '200' }),
    ).toBeGreaterThan(0);
  });

  test('counts a job that is cancelled once', async () => {
    const service = await startService({ DATA_DIR: await temporaryFolder() });
    const { id } = await submit(service, { ...smallJob, epochs: 1_000 });
    await jobWhen(service, id, ({ progress }) => progress.step > 0);
    await service.http.post(`/v1/jobs/${id}/cancel`).expect(200);
    await expect.poll(async () => valueOf(await scrape(service), 'trainyard_training_processes')).toBe(0);
    const ended = (await scrape(service)).get('trainyard_jobs_total')?.samples ?? [];
    expect(Object.fromEntries(ended.map(({ labels, value }) => [labels.status, value]))).toEqual({
      succeeded: 0,
      failed: 0,
      cancelled: 1,
    });
  });
});

describeWithService('redis', 'API and worker apart', (queue) => {
  test('a worker serves probes and metrics if a port is set, and otherwise nothing', async () => {
    const settings = { DATA_DIR: await temporaryFolder(), QUEUE_URL: queue().url, ROLE: 'worker' };
    const listening = await startService(settings);
    await expect.poll(async () => (await listening.http.get('/health/ready')).status).toBe(200);
    expect((await listening.http.get('/health/ready').expect(200)).body).toMatchObject({
      checks: { queue: 'ok', storage: 'ok' },
    });
    expect(valueOf(await scrape(listening), 'trainyard_queue_up')).toBe(1);
    const silent = await startService({ ...settings, PORT: '' });
    expect(silent.url).toBe('');

    await queue().halt();
    await expect.poll(async () => (await listening.http.get('/health/ready')).status).toBe(503);
    expect((await listening.http.get('/health/ready')).body).toMatchObject({
      detail: expect.stringMatching(/^queue: /) as string,
    });
    expect(valueOf(await scrape(listening), 'trainyard_queue_up')).toBe(0);
    await queue().restart();
    await expect.poll(async () => (await listening.http.get('/health/ready')).status).toBe(200);
  });
});
