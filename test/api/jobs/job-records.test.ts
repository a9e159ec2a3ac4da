/** The records of a job: its curve, its checkpoints and the calls of its webhook. */
import { expect, test } from 'vitest';
import type { WebhookDelivery } from '../../../src/api/jobs/record-schemas.js';
import type { CheckpointList, MetricsList, OutcomesList } from '../../../src/jobs/views/job.js';
import { writeCheckpoint } from '../../../src/model/files/checkpoint.js';
import { smallDescription, stateAt } from '../../model/small-model.js';
import { jobThatIs, submit, takeUp } from '../runs.js';
import { startService } from '../service.js';

function epoch(number: number) {
  return {
    epoch: number,
    step: number * 938,
    train_loss: 1 / number,
    train_accuracy: 0.9,
    test_loss: 0.0712345678901,
    test_accuracy: 0.95,
  };
}

test('the curve of a job, whole or thinned', async () => {
  const service = await startService();
  const { id } = await submit(service);
  const path = `/v1/jobs/${id}/metrics`;
  expect((await service.http.get(path).expect(200)).body).toEqual({
    object: 'list',
    data: [],
    epochs_done: 0,
    last_seq: 1,
  });

  const epochs = Array.from({ length: 9 }, (_, i) => epoch(i + 1));
  const log = await takeUp(service, id);
  await log.append(...epochs.map((metrics) => ({ type: 'metrics' as const, metrics })));
  const whole = { object: 'list', data: epochs, epochs_done: 9, last_seq: 11 };
  expect((await service.http.get(path)).body).toEqual(whole);
  const thinned = (await service.http.get(path).query({ max_points: 3 })).body as MetricsList;
  expect(thinned).toEqual({ ...whole, data: [epoch(1), epoch(9)] });
  const withProgress = (await service.http.get(path).query({ include: 'progress' }).expect(200))
    .body as MetricsList;
  expect(withProgress).toEqual({ ...whole, progress: [] });
});

test('how the answers of epochs came out', async () => {
  const service = await startService();
  const { id } = await submit(service);
  const values = [{ name: 'price', edges: [-1, 0, 1], counts: [2, 1], pairs: [[3, 2.5]] }];
  const outcomes = { split: 'test' as const, rows: 3, values };
  const log = await takeUp(service, id);
  await log.append({ type: 'outcomes', epoch: 1, outcomes }, { type: 'outcomes', epoch: 2, outcomes });
  const path = `/v1/jobs/${id}/outcomes`;
  const all = { object: 'list', data: [1, 2].map((epoch) => ({ epoch, ...outcomes })), recorded: 2 };
  expect((await service.http.get(path).expect(200)).body).toEqual(all);
  const later = (await service.http.get(path).query({ after: 3 }).expect(200)).body as OutcomesList;
  expect(later).toEqual({ ...all, data: all.data.slice(1), recorded: 1 });
});

test('a new job has no checkpoints', async () => {
  const service = await startService();
  const { id } = await submit(service);
  const { body } = await service.http.get(`/v1/jobs/${id}/checkpoints`).expect(200);
  expect(body).toEqual({ object: 'list', data: [], has_more: false } satisfies CheckpointList);
});

test('the checkpoints of an ensemble, each with its member and the epochs which that has done', async () => {
  const service = await startService();
  const { id } = await submit(service, { ensemble: 2, epochs: 2 });
  const ofMember = (member: number, number: number) => {
    const metrics = epoch(number);
    return { ...metrics, member, step: (member - 1) * 2 * 938 + metrics.step };
  };
  const position = { samples: 0, weight_sum: 0, loss_sum: 0, metric_sum: 0 };
  const metrics = [ofMember(1, 1), ofMember(1, 2), ofMember(2, 1)];
  for (const done of [1, 2, 3]) {
    const state = stateAt(metrics[done - 1]?.step ?? NaN);
    const checkpoint = { description: smallDescription, state, position, metrics: metrics.slice(0, done) };
    const writer = { term: 1, now: new Date(0) };
    await writeCheckpoint(service.storage, service.store.checkpointsOf(id), { ...checkpoint, ...writer });
  }
  const { body } = await service.http.get(`/v1/jobs/${id}/checkpoints`).expect(200);
  expect((body as CheckpointList).data).toMatchObject([
    { step: 3 * 938, member: 2, epoch: 1 },
    { step: 2 * 938, member: 1, epoch: 2 },
    { step: 938, member: 1, epoch: 1 },
  ]);
  const path = `/v1/jobs/${id}/metrics`;
  const log = await takeUp(service, id);
  await log.append(...metrics.map((each) => ({ type: 'metrics' as const, metrics: each })));
  expect((await service.http.get(path)).body).toMatchObject({ data: metrics, epochs_done: 3 });
});

test('the calls of the webhook of a job', async () => {
  const deliveries: WebhookDelivery[] = [
    {
      event_seq: 13,
      type: 'job.succeeded',
      attempt: 1,
      sent_at: '2026-01-02T03:04:16.402Z',
      status_code: null,
      error: 'ECONNREFUSED',
      duration_ms: 1.5,
      outcome: 'failed',
      next_attempt_at: '2026-01-02T03:04:21.440Z',
    },
    {
      event_seq: 13,
      type: 'job.succeeded',
      attempt: 2,
      sent_at: '2026-01-02T03:04:21.450Z',
      status_code: 204,
      error: null,
      duration_ms: 12,
      outcome: 'delivered',
      next_attempt_at: null,
    },
  ];
  const asked: string[] = [];
  const service = await startService({
    webhookDeliveries: {
      list(id) {
        asked.push(id);
        return Promise.resolve(deliveries);
      },
    },
  });
  const { id } = await jobThatIs('succeeded', service);
  const { body } = await service.http.get(`/v1/jobs/${id}/webhook-deliveries`).expect(200);
  expect(body).toEqual({ object: 'list', data: deliveries, has_more: false });
  expect(asked).toEqual([id]);
});

test.each(['metrics', 'outcomes', 'checkpoints', 'webhook-deliveries', 'events'])(
  'an unknown job has no %s',
  async (what) => {
    const { http } = await startService();
    for (const id of ['job_00000000000000000000000000', '..%2F..%2Fetc']) {
      const { status, body } = await http.get(`/v1/jobs/${id}/${what}`);
      expect(status).toBe(404);
      expect(body).toMatchObject({ code: 'JOB_NOT_FOUND' });
    }
  },
);
