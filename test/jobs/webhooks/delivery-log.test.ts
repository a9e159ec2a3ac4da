import { expect, test } from 'vitest';
import { createDeliveryLog } from '../../../src/jobs/webhooks/delivery-log.js';
import { createRecordingLog } from '../../model/serving/recording-log.js';
import { temporaryStorage } from '../../storage/temporary-storage.js';

const runId = `job_${'0'.repeat(26)}`;

function failedAt(seq: number, second: number) {
  return {
    event_seq: seq,
    type: 'job.succeeded',
    sent_at: `2026-01-02T03:04:${String(second).padStart(2, '0')}.000Z`,
    status_code: 500,
    error: null,
    duration_ms: 12,
    outcome: 'failed',
    next_attempt_at: '2026-01-02T03:05:00.000Z',
  } as const;
}

test('each attempt is one document, numbered within its event', async () => {
  const storage = await temporaryStorage();
  const log = createDeliveryLog(storage, createRecordingLog().log);
  await log.append(runId, failedAt(12, 1));
  await log.append(runId, failedAt(12, 2));
  const key = `runs/${runId}/webhooks/00000012/0002.json`;
  expect(JSON.parse(String(await storage.read(key)))).toEqual({
    format_version: 1,
    attempt: 2,
    ...failedAt(12, 2),
  });
  expect((await log.attemptsOf(runId, 12)).map(({ attempt }) => attempt)).toEqual([1, 2]);
  expect(await log.attemptsOf(runId, 1)).toEqual([]);
});

test('a run’s attempts are listed oldest first, over all its events', async () => {
  const log = createDeliveryLog(await temporaryStorage(), createRecordingLog().log);
  await log.append(runId, failedAt(2, 1));
  await log.append(runId, failedAt(10, 2));
  await log.append(runId, failedAt(2, 3));
  const attempts = await log.list(runId);
  expect(attempts.map(({ event_seq, attempt }) => [event_seq, attempt])).toEqual([
    [2, 1],
    [10, 1],
    [2, 2],
  ]);
  expect(await log.list(`job_${'1'.repeat(26)}`)).toEqual([]);
});

test('workers that record the same event at once each record their own attempt', async () => {
  const storage = await temporaryStorage();
  await Promise.all(
    Array.from({ length: 8 }, (_, i) =>
      createDeliveryLog(storage, createRecordingLog().log).append(runId, failedAt(3, i)),
    ),
  );
  const attempts = await createDeliveryLog(storage, createRecordingLog().log).attemptsOf(runId, 3);
  expect(attempts.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(new Set(attempts.map(({ sent_at }) => sent_at)).size).toBe(8);
});

test('a receiver that is gone is recorded, but not as an attempt', async () => {
  const log = createDeliveryLog(await temporaryStorage(), createRecordingLog().log);
  expect(await log.isGone(runId)).toBe(false);
  await log.markGone(runId);
  await log.markGone(runId);
  expect(await log.isGone(runId)).toBe(true);
  expect(await log.list(runId)).toEqual([]);
});

test.each(['', '{', '{}', 'null', '{"format_version":2}', '{"format_version":1}'])(
  'a document that is %j is left out of its event and of no other, and the log says so once',
  async (text) => {
    const storage = await temporaryStorage();
    const key = `runs/${runId}/webhooks/00000001/0001.json`;
    await storage.put(key, Buffer.from(text));
    const { log, warnings } = createRecordingLog();
    const deliveries = createDeliveryLog(storage, log);
    await deliveries.append(runId, failedAt(1, 1));
    await deliveries.append(runId, failedAt(2, 2));
    expect((await deliveries.attemptsOf(runId, 1)).map(({ attempt }) => attempt)).toEqual([2]);
    expect((await deliveries.list(runId)).map(({ event_seq }) => event_seq)).toEqual([1, 2]);
    expect(warnings).toMatchObject([
      { job: runId, damaged: 1, reason: expect.stringContaining(key) as string },
    ]);
  },
);
