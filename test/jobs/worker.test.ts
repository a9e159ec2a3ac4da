import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import type { RunEventBody } from '../../src/jobs/contracts.js';
import { createRunStore, type RunStore } from '../../src/jobs/run-store.js';
import type { TrainingOutcome } from '../../src/jobs/training/training-process.js';
import { createRunProcessor } from '../../src/jobs/worker.js';
import { temporaryStorage } from '../storage/temporary-storage.js';
import { smallSpec } from './training/small-mnist.js';

const log = pino({ level: 'silent' });
const never = new AbortController().signal;
const crashed: TrainingOutcome = { kind: 'crashed', reason: 'SIGKILL' };

async function scene(train: (runId: string, store: RunStore) => Promise<TrainingOutcome> | TrainingOutcome) {
  const storage = await temporaryStorage();
  const store = createRunStore(storage);
  const runId = await store.create(await smallSpec());
  const process = createRunProcessor({ store, train: async (id) => train(id, store), log });
  const tell = async (event: RunEventBody) => (await store.openEventLog(runId)).append(event);
  return { storage, store, runId, process, tell };
}

describe('a run that was delivered', () => {
  test.each([
    [{ kind: 'finished' }, { outcome: 'done' }],
    [{ kind: 'handed_back' }, { outcome: 'hand_back' }],
    [crashed, { outcome: 'retry', delayMs: 1_000 }],
  ] as const)('and whose process ended with %o is given back as %o', async (end, delivery) => {
    const { process, runId } = await scene(() => end);
    expect(await process(runId, never)).toEqual(delivery);
  });

  test('is handed back at once when the worker is stopping', async () => {
    const { process, runId, store } = await scene(() => crashed);
    expect(await process(runId, AbortSignal.abort())).toEqual({ outcome: 'hand_back' });
    expect((await store.readEvents(runId, 0)).events).toEqual([]);
  });

  test('is dropped when the store does not have it, or cannot read it', async () => {
    const { process, runId, storage } = await scene(() => crashed);
    expect(await process(`job_${'0'.repeat(26)}`, never)).toEqual({ outcome: 'done' });
    await storage.put(`runs/${runId}/spec.json`, Buffer.from('{'));
    expect(await process(runId, never)).toEqual({ outcome: 'done' });
  });

  test('waits longer after each crash', async () => {
    const { process, runId } = await scene(() => crashed);
    const delays: unknown[] = [];
    for (let i = 0; i < 5; i++) delays.push(await process(runId, never));
    expect(delays).toEqual(
      [1, 2, 4, 8, 16].map((seconds) => ({ outcome: 'retry', delayMs: seconds * 1_000 })),
    );
  });

  test('fails after five crashes without a checkpoint between them', async () => {
    let trained = 0;
    const { process, runId, store } = await scene(() => (trained++, crashed));
    for (let i = 0; i < 5; i++) await process(runId, never);
    expect(await process(runId, never)).toEqual({ outcome: 'done' });
    expect(trained).toBe(5);
    expect(await store.readResult(runId)).toMatchObject({
      status: 'failed',
      error: { code: 'TRAINING_CRASHED' },
      summary: { attempts: 5 },
    });
    // And stays so.
    expect(await process(runId, never)).toEqual({ outcome: 'done' });
    expect(trained).toBe(5);
  });

  test('is forgiven its crashes once it gets further', async () => {
    const { process, runId, store, tell } = await scene(() => crashed);
    for (let i = 0; i < 4; i++) await process(runId, never);
    await tell({ type: 'checkpoint', step: 5 });
    for (let i = 0; i < 5; i++) await process(runId, never);
    expect(await store.readResult(runId)).toBeNull();
    await process(runId, never);
    expect(await store.readResult(runId)).toMatchObject({ status: 'failed', summary: { attempts: 9 } });
  });
});
