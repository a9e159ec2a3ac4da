import { describe, expect, test } from 'vitest';
import { endRun } from '../../../src/jobs/runs/end-run.js';
import { createRegistry } from '../../../src/model/registry/registry.js';
import type { SweepRequest } from '../../../src/jobs/sweeps/resolve-sweep.js';
import type { Trial } from '../../../src/jobs/sweeps/sweep.js';
import type { Storage } from '../../../src/storage/storage.js';
import { dyingStorage } from '../training/run-scene.js';
import { temporaryStorage } from '../../storage/temporary-storage.js';
import {
  log,
  processOn,
  runToTheEnd,
  sceneOf,
  smallSweep,
  trainOn,
  waitingRuns,
  type SweepProcess,
} from './sweep-scene.js';

const everything = { after: 0, limit: 1_000 };

/** What may not depend on when and by whom a trial was trained. */
function essenceOf(trials: readonly Trial[]) {
  return trials.map(({ trial, status, parameters, value, best_epoch, epochs_done, rungs }) => ({
    trial,
    status,
    parameters,
    value,
    best_epoch,
    epochs_done,
    rungs,
  }));
}

async function trialsIn({ sweeps }: SweepProcess, id: string): Promise<Trial[]> {
  return (await sweeps.trials(id, everything)).data;
}

async function idOf(process: SweepProcess, request = smallSweep): Promise<string> {
  return (await process.sweeps.submit(request)).sweep.id;
}

describe('a sweep', () => {
  test('trains its trials, then the best one again, and publishes that one alone', async () => {
    const scene = await sceneOf();
    const id = await idOf(scene);
    await runToTheEnd(scene);
    const sweep = await scene.sweeps.get(id);
    expect(sweep).toMatchObject({ status: 'succeeded', version: 1, trials: { succeeded: 6 }, error: null });
    expect(sweep.progress).toMatchObject({ trials_ended: 6, fraction: 1 });
    const trials = await trialsIn(scene, id);
    const values = trials.map(({ value }) => value ?? NaN);
    expect(sweep.best?.value).toBe(Math.min(...values));
    expect(new Set(trials.map(({ parameters }) => JSON.stringify(parameters))).size).toBe(6);
    const [version, ...others] = await createRegistry(scene.storage, log).versions('churn');
    expect(others).toEqual([]);
    expect(version.run_id).toBe(sweep.job_id);
    // The same seed and the same parameters: the same network as in the trial.
    expect((version.metrics as { validation_loss: number }).validation_loss).toBe(sweep.best?.value);
  });

  test('looks at the test split once: its trials have no figure of it, and the last job has', async () => {
    const scene = await sceneOf();
    const id = await idOf(scene, { ...smallSweep, max_trials: 2 });
    await runToTheEnd(scene);
    for (const { job_id } of await trialsIn(scene, id)) {
      const { summary } = (await scene.runStore.readResult(job_id)) ?? {};
      expect(summary?.metrics?.validation_loss).toBeGreaterThan(0);
      expect(summary?.metrics?.test_loss).toBeUndefined();
      expect(summary?.evaluation).toBeUndefined();
    }
    const { job_id } = await scene.sweeps.get(id);
    const best = await scene.runStore.readResult(job_id ?? '');
    expect(best?.summary.evaluation?.test?.rows).toBeGreaterThan(0);
  });

  test('publishes nothing where its job says so', async () => {
    const scene = await sceneOf();
    const id = await idOf(scene, {
      ...smallSweep,
      job: { ...smallSweep.job, publish: 'none' },
      max_trials: 2,
    });
    await runToTheEnd(scene);
    expect(await scene.sweeps.get(id)).toMatchObject({ status: 'succeeded', job_id: null, version: null });
    expect(await createRegistry(scene.storage, log).versions('churn')).toEqual([]);
  });

  test('tries the same whichever of its trials ends first', async () => {
    const early_stop = { type: 'asha' as const, min_epochs: 1, factor: 2 };
    const request = { ...smallSweep, parallel: 3, max_trials: 13, early_stop };
    const outcomes = [];
    for (const pick of [() => 0, (waiting: number) => waiting - 1]) {
      const scene = await sceneOf();
      const id = await idOf(scene, request);
      await runToTheEnd(scene, pick);
      outcomes.push(essenceOf(await trialsIn(scene, id)));
    }
    expect(outcomes[0]).toHaveLength(13);
    expect(outcomes[1]).toEqual(outcomes[0]);
    // Otherwise this would have shown nothing.
    expect(outcomes[0]?.some(({ status }) => status === 'stopped')).toBe(true);
  });

  test('never has more trials under way than its parallel', async () => {
    const scene = await sceneOf();
    await idOf(scene, { ...smallSweep, parallel: 3 });
    for (let ended = 0; ended < 6; ended++) {
      await scene.look();
      const waiting = await waitingRuns(scene.storage);
      expect(waiting).toHaveLength(Math.min(3, 6 - ended));
      await trainOn(scene.storage, waiting[0].id);
    }
  });

  test('ends with the same bits when its process is killed at any write', async () => {
    const undisturbed = await sceneOf();
    const request = { ...smallSweep, max_trials: 3 };
    const calm = await idOf(undisturbed, request);
    await runToTheEnd(undisturbed);
    const expected = essenceOf(await trialsIn(undisturbed, calm));

    const storage = await temporaryStorage();
    const id = await idOf(processOn(storage), request);
    let deaths = 0;
    for (;;) {
      const written = await lookAndDieAtTheSecondWrite(storage);
      if (written > 1) deaths++;
      if (written > 0) continue;
      const next = (await waitingRuns(storage)).at(0);
      if (next === undefined) break;
      await trainOn(storage, next.id);
    }
    const survivor = processOn(storage);
    expect(await survivor.sweeps.get(id)).toMatchObject({ status: 'succeeded', version: 1 });
    expect(essenceOf(await trialsIn(survivor, id))).toEqual(expected);
    expect(await createRegistry(storage, log).versions('churn')).toHaveLength(1);
    expect(await survivor.runStore.ids()).toHaveLength(4);
    expect(deaths).toBeGreaterThan(2);
  });

  test('tries no failed trial more than twice, counts it, and goes on', async () => {
    const scene = await sceneOf();
    const id = await idOf(scene, { ...smallSweep, max_trials: 3 });
    const failed = {
      status: 'failed' as const,
      error: { code: 'TRAINING_CRASHED' as const, message: 'It died.' },
    };
    for (let attempt = 1; attempt <= 2; attempt++) {
      const [first] = (await waitingRuns(scene.storage)).filter(({ spec }) => spec.trial === 1);
      await endRun(scene.runStore, first.id, first.spec, { ...failed, now: new Date() });
      await scene.look();
    }
    await runToTheEnd(scene);
    const [first] = await trialsIn(scene, id);
    expect(first).toMatchObject({ status: 'failed', value: null, attempts: 2, error: failed.error });
    expect(await scene.sweeps.get(id)).toMatchObject({
      status: 'succeeded',
      trials: { failed: 1, succeeded: 2 },
    });
  });

  test('does not train again what diverged: the same numbers would come out', async () => {
    const scene = await sceneOf();
    const id = await idOf(scene, { ...smallSweep, max_trials: 2 });
    const [first] = await waitingRuns(scene.storage);
    const error = { code: 'TRAINING_DIVERGED' as const, message: 'The loss is NaN.' };
    await endRun(scene.runStore, first.id, first.spec, {
      status: 'failed',
      error,
      now: new Date(),
    });
    await runToTheEnd(scene);
    expect((await trialsIn(scene, id))[0]).toMatchObject({ status: 'failed', attempts: 1, error });
  });

  test('fails with the first error when its first five trials fail', async () => {
    const scene = await sceneOf();
    const id = await idOf(scene, { ...smallSweep, max_trials: 50 });
    for (;;) {
      await scene.look();
      const next = (await waitingRuns(scene.storage)).at(0);
      if (next === undefined) break;
      const error = { code: 'TRAINING_DIVERGED' as const, message: `Trial ${next.spec.trial}` };
      await endRun(scene.runStore, next.id, next.spec, { status: 'failed', error, now: new Date() });
    }
    expect(await scene.sweeps.get(id)).toMatchObject({
      status: 'failed',
      error: { code: 'TRAINING_DIVERGED', message: 'Trial 1' },
      trials: { failed: 6 },
    });
  });

  test('adds no trial while it is paused, and goes on with the same ones when it is resumed', async () => {
    const scene = await sceneOf();
    const calm = await idOf(scene);
    await runToTheEnd(scene);
    const id = await idOf(scene);
    expect(await scene.sweeps.pause(id)).toMatchObject({ status: 'paused' });
    await runToTheEnd(scene);
    expect(await trialsIn(scene, id)).toHaveLength(2);
    expect(await scene.sweeps.resume(id)).toMatchObject({ status: 'running' });
    await runToTheEnd(scene);
    expect(essenceOf(await trialsIn(scene, id))).toEqual(essenceOf(await trialsIn(scene, calm)));
  });

  test('cancels its trials when it is cancelled, and then takes no more changes', async () => {
    const scene = await sceneOf();
    const id = await idOf(scene);
    await trainOn(scene.storage, (await waitingRuns(scene.storage))[0].id);
    expect(await scene.sweeps.cancel(id)).toMatchObject({
      status: 'cancelled',
      trials: { succeeded: 1, cancelled: 1 },
      best: { trial: 1 },
      job_id: null,
    });
    expect(await waitingRuns(scene.storage)).toEqual([]);
    expect(await scene.sweeps.cancel(id)).toMatchObject({ status: 'cancelled' });
    for (const act of ['pause', 'resume'] as const) {
      await expect(scene.sweeps[act](id)).rejects.toMatchObject({ code: 'SWEEP_ENDED' });
    }
    await expect(scene.sweeps.changeBudget(id, { max_trials: 9 })).rejects.toMatchObject({
      code: 'SWEEP_ENDED',
    });
  });

  test('that has ended goes on with more trials, as if it had had them from the beginning', async () => {
    const scene = await sceneOf();
    const whole = await idOf(scene);
    await runToTheEnd(scene);
    const id = await idOf(scene, { ...smallSweep, max_trials: 3 });
    await runToTheEnd(scene);
    expect(await scene.sweeps.get(id)).toMatchObject({ status: 'succeeded', progress: { trials_ended: 3 } });
    expect(await scene.sweeps.changeBudget(id, { max_trials: 6 })).toMatchObject({ status: 'running' });
    await expect(scene.sweeps.changeBudget(id, { max_trials: 3 })).rejects.toMatchObject({
      pointer: '/max_trials',
    });
    await runToTheEnd(scene);
    expect(await scene.sweeps.get(id)).toMatchObject({ status: 'succeeded', trials: { succeeded: 6 } });
    expect(essenceOf(await trialsIn(scene, id))).toEqual(essenceOf(await trialsIn(scene, whole)));
  });

  test('out of time cancels what is under way once it has a result, and ends with that', async () => {
    let nowMs = Date.now();
    const storage = await temporaryStorage();
    const scene = processOn(storage, () => new Date(nowMs));
    const id = await idOf(scene, { ...smallSweep, max_seconds: 60 });
    await trainOn(storage, (await waitingRuns(storage))[0].id);
    nowMs += 61_000;
    await runToTheEnd(scene);
    expect(await scene.sweeps.get(id)).toMatchObject({
      status: 'succeeded',
      max_trials: 6,
      trials: { succeeded: 1, cancelled: 1 },
      progress: { fraction: 1 },
    });
  });

  test('ends when its space has nothing new left', async () => {
    const scene = await sceneOf();
    const id = await idOf(scene, { ...smallSweep, parameters: { batch_size: { values: [16, 32, 64] } } });
    await runToTheEnd(scene);
    expect(await scene.sweeps.get(id)).toMatchObject({ status: 'succeeded', trials: { succeeded: 3 } });
  });

  test('that is damaged does not stop the others, and can be removed', async () => {
    const scene = await sceneOf();
    const [damaged, other] = [await idOf(scene), await idOf(scene, { ...smallSweep, max_trials: 2 })];
    await scene.storage.put(`sweeps/${damaged}/trials/000001.json`, Buffer.from('{'));
    const restarted = processOn(scene.storage);
    await runToTheEnd(restarted);
    expect(await restarted.sweeps.get(other)).toMatchObject({ status: 'succeeded' });
    await expect(restarted.sweeps.get(damaged)).rejects.toMatchObject({ code: 'SWEEP_CORRUPT' });
    expect((await restarted.sweeps.list({ limit: 10 })).data).toHaveLength(1);
    await restarted.sweeps.remove(damaged);
    await expect(restarted.sweeps.get(damaged)).rejects.toMatchObject({ code: 'SWEEP_NOT_FOUND' });
  });

  test('takes the jobs of its trials with it when it is removed, and leaves the one that published', async () => {
    const scene = await sceneOf();
    const id = await idOf(scene, { ...smallSweep, max_trials: 2 });
    await expect(scene.sweeps.remove(id)).rejects.toMatchObject({ code: 'SWEEP_NOT_ENDED' });
    await runToTheEnd(scene);
    const { job_id } = await scene.sweeps.get(id);
    await scene.sweeps.remove(id);
    expect(await scene.runStore.ids()).toEqual([job_id]);
  });

  test('is taken further by several processes at once, and nothing is trained twice', async () => {
    const storage = await temporaryStorage();
    const processes = [processOn(storage), processOn(storage), processOn(storage)] as const;
    const id = await idOf(processes[0]);
    for (;;) {
      await Promise.all(processes.map((each) => each.look()));
      const next = (await waitingRuns(storage)).at(0);
      if (next === undefined) break;
      await trainOn(storage, next.id);
    }
    expect(await processes[1].sweeps.get(id)).toMatchObject({
      status: 'succeeded',
      trials: { succeeded: 6 },
    });
    expect(await processes[0].runStore.ids()).toHaveLength(7);
  });
});

describe('a request for a sweep', () => {
  test('that is repeated with its key after a crash makes one sweep', async () => {
    for (let survived = 0; survived < 3; survived++) {
      const storage = await temporaryStorage();
      const key = { idempotencyKey: 'once' };
      await processOn(dyingStorage(storage, survived, false))
        .sweeps.submit(smallSweep, key)
        .catch(() => undefined);
      const again = processOn(storage);
      const { sweep } = await again.sweeps.submit(smallSweep, key);
      expect(await again.sweeps.submit(smallSweep, key)).toMatchObject({
        replayed: true,
        sweep: { id: sweep.id },
      });
      expect((await again.sweeps.list({ limit: 10 })).data).toHaveLength(1);
      const other = again.sweeps.submit({ ...smallSweep, seed: 1 }, key);
      await expect(other).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
    }
  });

  test.each([
    ['a field that no search may vary', { parameters: { seed: { values: [1, 2] } } }, '/parameters/seed'],
    [
      'a field that no job has',
      { parameters: { 'optimizer.speed': { values: [1, 2] } } },
      '/parameters/optimizer.speed',
    ],
    [
      'a value that no job takes',
      { parameters: { 'optimizer.learning_rate': { min: 0.1, max: 99 } } },
      '/parameters/optimizer.learning_rate',
    ],
    [
      'values that do not go together',
      {
        parameters: {
          'optimizer.type': { values: ['sgd', 'adam'] },
          'optimizer.momentum': { values: [0.5, 0.9] },
        },
      },
      '/parameters/optimizer.momentum',
    ],
    [
      'a part of what varies as a whole',
      { parameters: { network: { values: [{ hidden: [] }] }, 'network.hidden': { values: [[]] } } },
      '/parameters/network.hidden',
    ],
    [
      'a place that the job has not',
      { parameters: { 'network.hidden.3.units': { values: [1, 2] } } },
      '/parameters/network.hidden.3.units',
    ],
    [
      'losses that do not compare',
      { parameters: { loss: { values: ['cross_entropy', 'mse'] } } },
      '/parameters/loss',
    ],
    ['a metric that the data do not have', { metric: 'rmse' }, '/metric'],
    [
      'a metric that the job does not monitor',
      { job: { ...smallSweep.job, monitor: 'loss' }, metric: 'accuracy' },
      '/metric',
    ],
    ['a goal that does not suit the metric', { metric: 'accuracy', goal: 'minimize' }, '/goal'],
    ['rungs after the last epoch', { early_stop: { type: 'asha', min_epochs: 2 } }, '/early_stop/min_epochs'],
    ['a job that reproduces', { job: { reproduce: { model: 'a' } } }, '/job/reproduce'],
    ['a field of the job', { job: { ...smallSweep.job, target: 'nobody' } }, '/job/target'],
  ] as [string, Partial<SweepRequest>, string][])(
    'is refused for %s, which it names',
    async (_, change, pointer) => {
      const scene = await sceneOf();
      const request = scene.sweeps.submit({ ...smallSweep, ...change });
      await expect(request).rejects.toMatchObject({ code: 'INVALID_REQUEST', pointer });
      expect(await scene.store.ids()).toEqual([]);
    },
  );

  test('without parameters searches a space by the data, and leaves what the job names as it is', async () => {
    const scene = await sceneOf();
    const { dataset } = smallSweep.job ?? {};
    const { sweep } = await scene.sweeps.submit({
      job: { dataset: dataset ?? '', batch_size: 32 },
      max_seconds: 60,
    });
    expect(Object.keys(sweep.parameters)).toEqual(
      expect.arrayContaining(['optimizer.learning_rate', 'network.hidden', 'encoding']),
    );
    expect(sweep.parameters).not.toHaveProperty('batch_size');
    expect(sweep.early_stop).toMatchObject({ type: 'asha' });
    expect(sweep.max_seconds).toBe(60);
    // The first trial is what the service takes without a search.
    const [first] = (await scene.sweeps.trials(sweep.id, { after: 0, limit: 1 })).data;
    expect(first.parameters).toMatchObject({ 'optimizer.learning_rate': 0.001, encoding: 'piecewise' });
    const { values } = sweep.parameters['network.hidden'] as { values: unknown[] };
    expect(values[0]).toEqual(first.parameters['network.hidden']);
  });
});

/** A process looks after the sweeps and is killed before its second write; resolves to how many it tried. */
async function lookAndDieAtTheSecondWrite(storage: Storage): Promise<number> {
  const dying = dyingStorage(storage, 1, false);
  let tried = 0;
  const counting: Storage = {
    ...dying,
    put: (...args) => (tried++, dying.put(...args)),
    create: (...args) => (tried++, dying.create(...args)),
    append: (...args) => (tried++, dying.append(...args)),
    remove: (...args) => (tried++, dying.remove(...args)),
  };
  await processOn(counting).look();
  return tried;
}
