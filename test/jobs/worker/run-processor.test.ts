import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import type { JobError, RunEvent, RunEventBody } from '../../../src/jobs/runs/run-events.js';
import type { JobRequest } from '../../../src/jobs/runs/job-request.js';
import type { RunSpec } from '../../../src/jobs/runs/run-spec.js';
import { logStart } from '../../../src/jobs/runs/run-log.js';
import { createRunStore, type RunStore } from '../../../src/jobs/runs/run-store.js';
import type { TrainingOutcome } from '../../../src/jobs/worker/training-processes.js';
import { createRunProcessor, type Train } from '../../../src/jobs/worker/run-processor.js';
import type { Storage } from '../../../src/storage/storage.js';
import { temporaryStorage } from '../../storage/temporary-storage.js';
import { startedOn } from '../started-on.js';
import { smallSpec } from '../training/small-mnist.js';

const log = pino({ level: 'silent' });
const never = new AbortController().signal;
const crashed: TrainingOutcome = { kind: 'crashed', reason: 'SIGKILL' };
const noRoom = { code: 'STORAGE_FULL', message: 'no space left' } as const;

interface Scene {
  storage: Storage;
  store: RunStore;
  runId: string;
  process: (release?: AbortSignal) => Promise<unknown>;
  /** As another process does that claims the run. */
  tell: (...events: RunEventBody[]) => Promise<void>;
  /** Without their seq and time. */
  events: () => Promise<RunEventBody[]>;
}

async function scene(
  train: (...args: [...Parameters<Train>, RunStore]) => Promise<TrainingOutcome> | TrainingOutcome,
  request: JobRequest = {},
  change: Partial<RunSpec> = {},
): Promise<Scene> {
  const storage = await temporaryStorage();
  const store = createRunStore(storage);
  const runId = await store.create({ ...(await smallSpec(request)), ...change });
  const process = createRunProcessor({
    store,
    train: async (run, signals) => train(run, signals, store),
    webhooks: {
      follow: () => Promise.reject(new Error('no webhook')),
      enqueueOutstanding: () => Promise.resolve(0),
    },
    otherEngines: ['tensorflow'],
    log,
  });
  return {
    storage,
    store,
    runId,
    process: (release = never) => process(runId, release),
    async tell(...events) {
      await (await store.writeEvents(runId, await store.claim(runId))).append(...events);
    },
    async events() {
      const { events } = await store.readEvents(runId, logStart);
      return events.map((event) => {
        const body: Partial<RunEvent> = { ...event };
        delete body.seq;
        delete body.time;
        return body as RunEventBody;
      });
    },
  };
}

const running = (attempt: number): RunEventBody => ({ type: 'status', status: 'running', attempt });

/** Until it is asked to stop, or to end. */
const untilAsked: Train = (_run, { stop, kill }) =>
  new Promise((resolve) => {
    stop.addEventListener('abort', () => resolve({ kind: 'handed_back' }));
    kill.addEventListener('abort', () => resolve({ kind: 'taken_over' }));
  });

describe('a run that was delivered', () => {
  test.each([
    [{ kind: 'finished' }, { outcome: 'done' }],
    [{ kind: 'handed_back' }, { outcome: 'hand_back' }],
    [{ kind: 'taken_over' }, { outcome: 'retry', delayMs: 5_000 }],
    [
      { kind: 'storage_failed', error: noRoom },
      { outcome: 'retry', delayMs: 5_000 },
    ],
    [crashed, { outcome: 'retry', delayMs: 1_000 }],
  ] as const)('and whose process ended with %o is given back as %o', async (end, delivery) => {
    const { process } = await scene(() => end);
    expect(await process()).toEqual(delivery);
  });

  test('is told to run, with the attempt, and then what it waits for', async () => {
    const ends: TrainingOutcome[] = [
      { kind: 'handed_back' },
      { kind: 'storage_failed', error: noRoom },
      crashed,
    ];
    const { process, events } = await scene(() => ends.shift() ?? crashed);
    for (let i = 0; i < 3; i++) await process();
    const died = { code: 'TRAINING_CRASHED', message: 'The training process died: SIGKILL.' };
    expect((await events()).slice(1)).toEqual([
      running(1),
      { type: 'status', status: 'queued', error: null },
      running(2),
      { type: 'status', status: 'queued', error: noRoom },
      running(3),
      { type: 'status', status: 'queued', error: died },
    ]);
  });

  test('is handed back at once when the worker is stopping', async () => {
    const { process, store, runId } = await scene(() => crashed);
    expect(await process(AbortSignal.abort())).toEqual({ outcome: 'hand_back' });
    expect(await store.newestTerm(runId)).toEqual({ term: 0, pauseAsked: false });
  });

  test('is dropped when the store does not have it, or cannot read it', async () => {
    const { process, storage, runId } = await scene(() => crashed);
    const spec = await storage.read(`runs/${runId}/spec.json`);
    await storage.put(`runs/${runId}/spec.json`, Buffer.from('{'));
    expect(await process()).toEqual({ outcome: 'done' });
    await storage.remove(`runs/${runId}/spec.json`);
    expect(await process()).toEqual({ outcome: 'done' });
    expect(spec).not.toBeNull();
  });

  test.each([
    ['is paused', [{ type: 'status', status: 'paused' }]],
    ['is paused although it was queued after a crash', [running(1), { type: 'status', status: 'paused' }]],
  ] as [string, RunEventBody[]][])('is dropped when it %s', async (_, told) => {
    let trained = 0;
    const { process, tell, events } = await scene(() => (trained++, crashed));
    await tell(...told);
    expect(await process()).toEqual({ outcome: 'done' });
    expect(trained).toBe(0);
    expect((await events()).at(-1)).toEqual({ type: 'status', status: 'paused' });
  });

  test('is cancelled when that was decided and not carried out', async () => {
    const { process, store, runId } = await scene(() => crashed);
    await store.decideEnding(runId, 'cancelled');
    expect(await process()).toEqual({ outcome: 'done' });
    expect(await store.readResult(runId)).toMatchObject({ status: 'cancelled', error: null });
  });

  test('is paused when its last holder died before it came to that', async () => {
    const { process, store, runId, tell, events } = await scene(() => crashed);
    await tell(running(1));
    await store.askToPause(runId, 1);
    expect(await process()).toEqual({ outcome: 'done' });
    expect((await events()).slice(1)).toEqual([running(1), { type: 'status', status: 'paused' }]);
  });
});

describe('a run that takes any engine', () => {
  const move = { outcome: 'move', engine: 'tensorflow' };
  const queued = (error: JobError | null): RunEventBody => ({ type: 'status', status: 'queued', error });

  test('and was handed back by a worker that has another goes on there, and nothing is told of that', async () => {
    const { process, tell, events } = await scene(() => crashed);
    const told = [running(1), startedOn('tensorflow'), queued(null)];
    await tell(...told);
    expect(await process()).toEqual(move);
    expect((await events()).slice(1)).toEqual(told);
  });

  test('and whose worker is gone that has another waits for one like it', async () => {
    const { process, tell, events } = await scene(() => crashed);
    await tell(running(1), startedOn('tensorflow'));
    for (let i = 0; i < 2; i++) expect(await process()).toEqual(move);
    const gone = { code: 'TRAINING_CRASHED', message: 'The worker that trained it is gone.' } as const;
    expect((await events()).slice(3)).toEqual([queued(gone)]);
  });

  test('and has lost five workers without a checkpoint between them is given up, wherever it goes', async () => {
    const { process, store, runId, tell } = await scene(() => crashed);
    for (let attempt = 1; attempt <= 5; attempt++) {
      expect(await store.readResult(runId)).toBeNull();
      await tell(running(attempt), startedOn('tensorflow'));
      await process();
    }
    expect(await store.readResult(runId)).toMatchObject({ status: 'failed', summary: { attempts: 5 } });
  });

  test.each([
    ['was begun on one that this worker has', [running(1), startedOn('wasm'), queued(null)]],
    ['was taken up by a worker that came to nothing', [running(1), queued(null)]],
  ])('and %s is trained here', async (_, told) => {
    const { process, tell } = await scene(() => ({ kind: 'finished' }));
    await tell(...told);
    expect(await process()).toEqual({ outcome: 'done' });
  });
});

describe('a run whose process dies', () => {
  test('waits longer after each crash, and fails after five without a checkpoint between them', async () => {
    let trained = 0;
    const { process, store, runId } = await scene(() => (trained++, crashed));
    const deliveries: unknown[] = [];
    for (let i = 0; i < 5; i++) deliveries.push(await process());
    expect(deliveries).toEqual([
      ...[1, 2, 4, 8].map((seconds) => ({ outcome: 'retry', delayMs: seconds * 1_000 })),
      { outcome: 'done' },
    ]);
    expect(await store.readResult(runId)).toMatchObject({
      status: 'failed',
      error: { code: 'TRAINING_CRASHED' },
      summary: { attempts: 5 },
    });
    // And stays so.
    expect(await process()).toEqual({ outcome: 'done' });
    expect(trained).toBe(5);
  });

  test('together with its worker is given up all the same', async () => {
    const { process, store, runId, tell } = await scene(() => crashed);
    for (let attempt = 1; attempt <= 5; attempt++) await tell(running(attempt));
    expect(await process()).toEqual({ outcome: 'done' });
    expect(await store.readResult(runId)).toMatchObject({
      status: 'failed',
      error: { code: 'TRAINING_CRASHED' },
    });
  });

  test.each([
    ['a checkpoint', { type: 'checkpoint', step: 5 }],
    ['a pause', { type: 'status', status: 'paused' }],
    ['a stop', { type: 'status', status: 'queued', error: null }],
  ] as [string, RunEventBody][])('is forgiven its crashes by %s', async (_, forgiving) => {
    const { process, store, runId, tell } = await scene(() => crashed);
    for (let i = 0; i < 4; i++) await process();
    await tell(forgiving, { type: 'status', status: 'queued', error: null });
    for (let i = 0; i < 4; i++) await process();
    expect(await store.readResult(runId)).toBeNull();
    await process();
    expect(await store.readResult(runId)).toMatchObject({ status: 'failed', summary: { attempts: 9 } });
  });

  test('for want of room is tried as often as it takes', async () => {
    const { process, store, runId } = await scene(() => ({ kind: 'storage_failed', error: noRoom }));
    for (let i = 0; i < 12; i++) expect(await process()).toEqual({ outcome: 'retry', delayMs: 5_000 });
    expect(await store.readResult(runId)).toBeNull();
  });
});

describe('a run that is being trained', () => {
  test('lets go when it is asked to pause, and is paused then', async () => {
    const { process, store, runId, events } = await scene((run, signals) => {
      void store.askToPause(runId, run.term);
      return untilAsked(run, signals);
    });
    expect(await process()).toEqual({ outcome: 'done' });
    expect((await events()).at(-1)).toEqual({ type: 'status', status: 'paused' });
  });

  test('is ended when another takes it over, without another word', async () => {
    const { process, store, runId, events } = await scene(async (run, signals) => {
      setTimeout(() => void store.claim(runId), 20);
      return untilAsked(run, signals);
    });
    expect(await process()).toEqual({ outcome: 'retry', delayMs: 5_000 });
    expect((await events()).at(-1)).toEqual(running(1));
  });

  test('cannot be told of by a worker that was taken over', async () => {
    const { process, store, runId, events } = await scene(async () => {
      await store.claim(runId);
      return crashed;
    });
    expect(await process()).toEqual({ outcome: 'retry', delayMs: 5_000 });
    expect((await events()).at(-1)).toEqual(running(1));
  });

  test('fails when its time is up, waiting left out', async () => {
    const limited = { time_limit_seconds: 1 };
    const { process, store, runId, tell } = await scene(untilAsked, {}, limited);
    await tell(running(1), { type: 'status', status: 'queued', error: null });
    await sleep(1_200);
    expect(await process()).toEqual({ outcome: 'done' });
    expect(await store.readResult(runId)).toMatchObject({
      status: 'failed',
      error: {
        code: 'TIME_LIMIT_EXCEEDED',
        message: expect.stringContaining('time_limit_seconds of 1') as string,
      },
      summary: { attempts: 2 },
    });
  });

  test('is not taken up again when its time was up before', async () => {
    let trained = 0;
    const { process, store, runId, tell } = await scene(
      () => (trained++, crashed),
      {},
      { time_limit_seconds: 1 },
    );
    await tell(running(1));
    await sleep(1_100);
    await tell({ type: 'status', status: 'queued', error: null });
    expect(await process()).toEqual({ outcome: 'done' });
    expect(trained).toBe(0);
    expect(await store.readResult(runId)).toMatchObject({ error: { code: 'TIME_LIMIT_EXCEEDED' } });
  });
});
