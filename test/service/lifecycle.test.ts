/** The life of a job in the built service: requests to the API reach the training process. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Job } from '../../src/jobs/views/job.js';
import type { RunEvent } from '../../src/jobs/runs/run-events.js';
import { isAlive } from '../child-processes.js';
import { describeWithService } from '../services.js';
import { temporaryFolder } from '../storage/temporary-storage.js';
import {
  fileOf,
  jobWhen,
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

async function ask(service: Service, id: string, verb: 'cancel' | 'pause' | 'resume'): Promise<Job> {
  return (await service.http.post(`/v1/jobs/${id}/${verb}`).expect(200)).body as Job;
}

const trains = ({ progress }: Job): boolean => progress.step > 0;

describeWithService('redis', 'API and worker apart', (queue) => {
  async function startBoth(): Promise<{ api: Service; worker: Service }> {
    const settings = { DATA_DIR: await temporaryFolder(), QUEUE_URL: queue().url };
    const api = await startService({ ...settings, ROLE: 'api' });
    return { api, worker: await startService({ ...settings, ROLE: 'worker' }) };
  }

  test('a cancelled job is cancelled at once, its process ends, and the worker takes the next job', async () => {
    const { api, worker } = await startBoth();
    const { id } = await submit(api, { ...smallJob, epochs: 1_000 });
    await jobWhen(api, id, trains);
    const pid = await trainingPid(worker);
    expect(await ask(api, id, 'cancel')).toMatchObject({ status: 'cancelled', version: null, error: null });
    await expect.poll(() => isAlive(pid)).toBe(false);

    const next = await submit(api, quickJob);
    expect(await succeeded(api, next.id)).toMatchObject({ version: 1 });
    expect(await readJob(api, id)).toMatchObject({ status: 'cancelled', version: null });
    await api.http.delete(`/v1/jobs/${id}`).expect(204);
    await api.http.get(`/v1/jobs/${id}`).expect(404);
  });

  test('a paused job keeps its checkpoint, lets other jobs run, and ends with the same bits as a job that was not paused', async () => {
    const { api } = await startBoth();
    // On a fast engine, for the whole job, and in many epochs, so that the other one is caught in the middle.
    const job = { ...quickJob, epochs: 10 };
    const whole = await submit(api, { ...job, model: 'whole' });
    await succeeded(api, whole.id);

    const { id } = await submit(api, { ...job, model: 'paused' });
    await jobWhen(api, id, trains);
    const paused = await ask(api, id, 'pause');
    expect(paused.status).toBe('paused');
    const { data } = (await api.http.get(`/v1/jobs/${id}/checkpoints`).expect(200)).body as {
      data: { step: number }[];
    };
    const other = await submit(api, { ...quickJob, model: 'other' });
    await succeeded(api, other.id);
    expect((await readJob(api, id)).progress).toEqual(paused.progress);

    expect((await ask(api, id, 'resume')).status).toBe('queued');
    expect(await succeeded(api, id)).toMatchObject({ attempts: 2, resumed_from_step: data[0]?.step });
    expect(await fileOf(api, 'paused', 1)).toBe(await fileOf(api, 'whole', 1));
  });

  test('the waiting job with the highest priority goes first', async () => {
    const { api } = await startBoth();
    const first = await submit(api, { ...smallJob, epochs: 1_000 });
    await jobWhen(api, first.id, trains);
    const low = await submit(api, { ...quickJob, priority: -1 });
    const high = await submit(api, { ...quickJob, priority: 1 });
    await ask(api, first.id, 'cancel');
    const startedAt = async ({ id }: Job) => (await succeeded(api, id)).started_at ?? '';
    expect((await startedAt(high)) < (await startedAt(low))).toBe(true);
  });
});

describe('the service on its embedded queue', () => {
  test('ends a job at its time limit and keeps its checkpoint', async () => {
    const service = await startService({ DATA_DIR: await temporaryFolder() });
    // Long enough for the training process to begin on a busy machine.
    const { id } = await submit(service, {
      ...quickJob,
      epochs: 10_000,
      checkpoint: { every_steps: 1_000_000 },
      time_limit_seconds: 20,
    });
    const job = await jobWhen(service, id, ({ status }) => status === 'failed');
    expect(job.error).toMatchObject({ code: 'TIME_LIMIT_EXCEEDED' });
    const { data } = (await service.http.get(`/v1/jobs/${id}/checkpoints`).expect(200)).body as {
      data: unknown[];
    };
    expect(data).toHaveLength(1);
    await expect.poll(() => served(service)).toEqual([]);
  });

  test('sends a webhook its events, signed, and repeats those that were not accepted', async () => {
    const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    const { url, received } = await startReceiver(secret);
    const service = await startService({
      DATA_DIR: await temporaryFolder(),
      WEBHOOK_SECRET: secret,
      WEBHOOK_ALLOW_PRIVATE: '1',
    });
    const events = ['job.running', 'job.metrics', 'job.succeeded'] as const;
    const { id } = await submit(service, {
      ...quickJob,
      epochs: 2,
      webhook: { url, events: [...events] },
    });
    await succeeded(service, id);
    await expect.poll(() => received.length).toBe(4);
    // The receiver refuses its first message.
    expect(received.map(({ type }) => type).sort()).toEqual([
      'job.metrics',
      'job.metrics',
      'job.running',
      'job.succeeded',
    ]);
    const { data } = (await service.http.get(`/v1/jobs/${id}/events`).expect(200)).body as {
      data: RunEvent[];
    };
    for (const { event } of received) expect(data).toContainEqual(event);
    expect(received.find(({ type }) => type === 'job.succeeded')?.data).toMatchObject({
      id,
      status: 'succeeded',
    });

    const deliveries = (await service.http.get(`/v1/jobs/${id}/webhook-deliveries`).expect(200)).body as {
      data: { outcome: string; status_code: number }[];
    };
    const outcomes = deliveries.data.map(({ outcome, status_code }) => `${outcome} ${status_code}`);
    expect(outcomes.sort()).toEqual([...Array.from({ length: 4 }, () => 'delivered 204'), 'failed 500']);
  });

  test('sends no webhook to a forbidden address', async () => {
    const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    const service = await startService({ DATA_DIR: await temporaryFolder(), WEBHOOK_SECRET: secret });
    const webhook = { url: 'http://127.0.0.1:1/hook' };
    const answer = await service.http.post('/v1/jobs').send({ webhook }).expect(422);
    expect(answer.body).toMatchObject({ code: 'WEBHOOK_REFUSED', pointer: '/webhook/url' });
  });
});

interface Message {
  type: string;
  event: RunEvent;
  data: Job;
}

/** Accepts messages with a valid signature, except the first one. */
async function startReceiver(secret: string): Promise<{ url: string; received: Message[] }> {
  const received: Message[] = [];
  let seen = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const headers = request.headers as Record<string, string>;
      const message = new Webhook(secret).verify(Buffer.concat(chunks).toString(), headers) as Message;
      if (seen++ === 0) return response.writeHead(500).end();
      received.push(message);
      return response.writeHead(204).end();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, received };
}
