import { describe, expect, test } from 'vitest';
import { readSource } from '../../../src/jobs/intake/resolve-source.js';
import type { JobProgress } from '../../../src/jobs/runs/run-events.js';
import type { JobRequest } from '../../../src/jobs/runs/job-request.js';
import { loadData } from '../../../src/jobs/training/load-data.js';
import { createReferenceEngine } from '../../../src/model/engines/reference/reference-engine.js';
import { listCheckpoints } from '../../../src/model/files/checkpoint.js';
import { membersOfModel } from '../../../src/model/files/model-file.js';
import { applyHead } from '../../../src/model/heads/head.js';
import { memberSeed } from '../../../src/model/network/members.js';
import { createAliases } from '../../../src/model/registry/aliases.js';
import { createRegistry } from '../../../src/model/registry/registry.js';
import type { Storage } from '../../../src/storage/storage.js';
import { flipBit } from '../../storage/temporary-storage.js';
import { churn, specOn } from '../small-table.js';
import {
  countWrites,
  curveOf,
  dyingStorage,
  epochsOnly,
  eventsOf,
  log,
  outcomeOf,
  sceneOf,
  sceneOn,
  stopAtLook,
  stopWhileAttempt,
  type Scene,
} from './run-scene.js';

const customers = churn();
/** Members stop early, at epochs of their own, and their parameters are averaged. */
const small: JobRequest = {
  ensemble: 3,
  network: { hidden: [{ units: 6, dropout: 0.1 }] },
  optimizer: { learning_rate: 0.2, ema: 0.5 },
  batch_size: 64,
  epochs: 12,
  patience: 2,
  seed: 4,
  engine: 'reference',
};
const sceneOfTable = async (request: JobRequest = {}, on?: Storage): Promise<Scene> =>
  sceneOn(await specOn(customers, { ...small, ...request }), customers.datasets, on);
const published = ({ storage, spec }: Scene, version = 1) =>
  createRegistry(storage, log).load(spec.model, version);
const stoppedOf = async (scene: Scene) =>
  (await eventsOf(scene)).flatMap((event) => (event.type === 'stopped' ? [event.stopped] : []));
const checkpointsOf = ({ storage, store, runId }: Scene) =>
  listCheckpoints(storage, store.checkpointsOf(runId));

describe('an ensemble', () => {
  test('is one version with the networks that its members are when they are trained alone', async () => {
    const scene = await sceneOf({ ensemble: 3, epochs: 2, seed: 5 });
    expect(await scene.train()).toBe('finished');
    const { status, versions } = await outcomeOf(scene);
    expect({ status, steps: versions.map(({ step }) => step) }).toEqual({ status: 'succeeded', steps: [30] });
    const ensemble = await published(scene);
    expect(ensemble.manifest).toMatchObject({ ensemble: 3, parameters: 3 * (785 * 8 + 9 * 10) });
    const members = membersOfModel(ensemble);
    expect(members).toHaveLength(3);
    for (const [index, parameters] of members.entries()) {
      const alone = await sceneOf({ epochs: 2, seed: memberSeed(5, index + 1) });
      await alone.train();
      expect(parameters).toEqual((await published(alone)).parameters);
    }
  });

  test('tells whose epochs and progress these are', async () => {
    const scene = await sceneOf({ ensemble: 2, epochs: 2 });
    await scene.train();
    const curve = await curveOf(scene);
    expect(curve.map(({ member, epoch, step }) => [member, epoch, step])).toEqual([
      [1, 1, 5],
      [1, 2, 10],
      [2, 1, 15],
      [2, 2, 20],
    ]);
    expect(await stoppedOf(scene)).toEqual([
      { member: 1, reason: 'epochs', epoch: 2, best_epoch: null },
      { member: 2, reason: 'epochs', epoch: 2, best_epoch: null },
    ]);
    const events = await eventsOf(scene);
    expect(events.filter(({ type }) => type === 'started')).toHaveLength(1);
    const progress = events.flatMap((event): JobProgress[] =>
      event.type === 'progress' ? [event.progress] : [],
    );
    expect(progress.at(0)).toMatchObject({ member: 1, members: 2, epoch: 0, epochs: 2, step: 0, steps: 20 });
    expect(progress.find(({ step }) => step === 10)).toMatchObject({ member: 1, fraction: 0.5 });
    expect(progress.at(-1)).toMatchObject({ member: 2, epoch: 2, step: 20, fraction: 1, eta_seconds: 0 });
    expect((await scene.store.readResult(scene.runId))?.summary).toMatchObject({
      metrics: curve.at(-1),
      stopped: { member: 2 },
      progress: { fraction: 1 },
    });
  });

  test('lets each member stop by its own patience, and keeps the best weights of each', async () => {
    const scene = await sceneOfTable();
    await scene.train();
    const stopped = await stoppedOf(scene);
    expect(stopped.map(({ member }) => member)).toEqual([1, 2, 3]);
    // Otherwise this would have shown nothing.
    expect(new Set(stopped.map(({ best_epoch }) => best_epoch)).size).toBeGreaterThan(1);
    expect(stopped.some(({ reason }) => reason === 'patience')).toBe(true);
    const members = membersOfModel(await published(scene));
    const perMember = scene.spec.steps / 3;
    const kept = await checkpointsOf(scene);
    for (const { member = NaN, best_epoch } of stopped) {
      const best = (member - 1) * perMember + ((best_epoch ?? NaN) * perMember) / scene.spec.epochs;
      expect(kept.map(({ step }) => step)).toContain(best);
    }
    // The first member is the network that the job would train alone.
    const alone = await sceneOfTable({ ensemble: 1 });
    await alone.train();
    expect(members[0]).toEqual((await published(alone)).parameters);
    expect(members[1]).not.toEqual(members[0]);
  });

  test.each<[string, JobRequest]>([
    ['classes', {}],
    ['classes by squared errors', { loss: 'one_hot_mse' }],
    ['values', { target: ['spent', 'tenure'] }],
  ])('is evaluated by the mean of what its members answer: %s', async (_, request) => {
    const scene = await sceneOfTable(request);
    await scene.train();
    const model = await published(scene);
    const { head, network, scaling } = model.description;
    const { data } = await loadData(customers.datasets, scene.spec);
    const { inputs, count, targets } = data.test;
    const engine = createReferenceEngine();
    const sums = new Float64Array(count * network.outputs);
    for (const parameters of membersOfModel(model)) {
      const predictor = await engine.predictor({ network, scaling }, parameters);
      const results = applyHead(head, await predictor.predict(inputs as Float32Array, count));
      results.forEach((result, i) => (sums[i] += result));
    }
    const means = sums.map((sum) => sum / 3);
    const registry = createRegistry(scene.storage, log);
    const figures = (await registry.evaluation(model.manifest))?.test?.figures;
    if (head.kind === 'classes') {
      const right = [...targets].map((target, row) => means[row * network.outputs + target]);
      expect(figures?.accuracy).toBeCloseTo(right.filter((p) => p > 0.5).length / count, 6);
      if (head.probabilities === 'softmax') {
        const loss = right.reduce((sum, p) => sum - Math.log(p), 0) / count;
        expect(figures?.log_loss).toBeCloseTo(loss, 5);
      }
    } else {
      const actual = applyHead(head, Float64Array.from(targets));
      const squares = actual.map((value, i) => (value - means[i]) ** 2);
      const mean = squares.reduce((sum, each) => sum + each, 0) / squares.length;
      expect(figures?.rmse).toBeCloseTo(Math.sqrt(mean), 3);
    }
  });

  test('is calibrated as a whole', async () => {
    const scene = await sceneOfTable({ calibrated: true, threshold: 'auto', epochs: 3 });
    await scene.train();
    const { description, manifest } = await published(scene);
    expect(description).toMatchObject({ ensemble: 3, head: { temperature: expect.any(Number) as number } });
    expect(manifest.head).toEqual(description.head);
    const evaluation = await createRegistry(scene.storage, log).evaluation(manifest);
    expect(evaluation).toMatchObject({ importance: { figure: 'log_loss' }, calibration: { before: {} } });
  });
});

describe('an ensemble that is interrupted', () => {
  const short: JobRequest = { ensemble: 2, epochs: 4, patience: 1 };

  test('at any of its writes ends as if it had not been', async () => {
    const whole = await sceneOfTable(short);
    const { writes } = await countWrites(whole);
    const expected = await outcomeOf(whole);
    expect(expected).toMatchObject({ status: 'succeeded', versions: [{}] });
    const stopped = await stoppedOf(whole);
    expect(stopped).toHaveLength(2);
    for (let survived = 0; survived < writes; survived++) {
      const scene = await sceneOfTable(short);
      await expect(scene.train({ on: dyingStorage(scene.storage, survived, true) })).rejects.toThrow('died');
      expect(await scene.train()).toBe('finished');
      expect(await outcomeOf(scene), `after ${survived} writes`).toEqual(expected);
      expect(await stoppedOf(scene), `after ${survived} writes`).toEqual(stopped);
    }
  });

  test('by a request to stop, in and between its members, ends with the same bits', async () => {
    const [whole, stopped] = [await sceneOfTable(short), await sceneOfTable(short)];
    await whole.train();
    const members = new Set<number>();
    for (let attempt = 0; ; attempt++) {
      if ((await stopped.train({ signal: stopWhileAttempt(attempt, 2 + (attempt % 2)) })) === 'finished')
        break;
      const started = (await eventsOf(stopped)).findLast(({ type }) => type === 'progress');
      if (started?.type === 'progress') members.add(started.progress.member ?? NaN);
    }
    expect([...members]).toEqual([1, 2]);
    expect(epochsOnly(await outcomeOf(stopped))).toEqual(epochsOnly(await outcomeOf(whole)));
    expect(await stoppedOf(stopped)).toEqual(await stoppedOf(whole));
  });

  test('whose newest checkpoint is damaged goes on from an earlier one, even of another member', async () => {
    const [whole, damaged] = [await sceneOfTable(short), await sceneOfTable(short)];
    await whole.train();
    const perMember = damaged.spec.steps / 2;
    for (;;) {
      await damaged.train({ signal: stopAtLook(3) });
      if ((await checkpointsOf(damaged)).some(({ step }) => step > perMember)) break;
    }
    const prefix = damaged.store.checkpointsOf(damaged.runId);
    for (const name of await damaged.storage.list(prefix)) {
      const step = Number(name.slice('step-'.length, 'step-'.length + 8));
      if (step > perMember) await flipBit(damaged.storage, `${prefix}/${name}/model.safetensors`, 4_000);
    }
    expect(await damaged.train()).toBe('finished');
    const resumed = (await eventsOf(damaged)).findLast((event) => event.type === 'started');
    expect(resumed?.resumed_from_step).toBeLessThanOrEqual(perMember);
    expect(epochsOnly(await outcomeOf(damaged))).toEqual(epochsOnly(await outcomeOf(whole)));
  });

  test('says of which member no checkpoint can be read', async () => {
    const scene = await sceneOfTable(short);
    const { writes } = await countWrites(await sceneOfTable(short));
    await expect(scene.train({ on: dyingStorage(scene.storage, writes - 8, false) })).rejects.toThrow('died');
    const prefix = scene.store.checkpointsOf(scene.runId);
    const perMember = scene.spec.steps / 2;
    const ofFirst = (await scene.storage.list(prefix)).filter(
      (name) => Number(name.slice(5, 13)) <= perMember,
    );
    expect(ofFirst.length).toBeGreaterThan(0);
    for (const name of ofFirst) await scene.storage.remove(`${prefix}/${name}`);
    expect(await scene.train()).toBe('finished');
    expect(await outcomeOf(scene)).toMatchObject({
      status: 'failed',
      error: {
        code: 'CHECKPOINT_CORRUPT',
        message: 'None of the checkpoints of member 1 of this job can be read.',
      },
    });
  });
});

describe('an ensemble that starts from a version', () => {
  async function trained(request: JobRequest): Promise<Scene> {
    const scene = await sceneOfTable({ epochs: 2, patience: null, ...request });
    await scene.train();
    return scene;
  }

  async function startingFrom({ storage }: Scene, request: JobRequest): Promise<Scene> {
    const registry = createRegistry(storage, log);
    const models = { registry, aliases: createAliases({ storage, registry }) };
    const source = await readSource(models, { init_from: { model: 'churn' } });
    const spec = await specOn(
      customers,
      { batch_size: 64, epochs: 1, engine: 'reference', ...request },
      source,
    );
    return sceneOn(spec, customers.datasets, storage);
  }

  /** A learning rate of next to nothing leaves the parameters as they were. */
  const still: JobRequest = { optimizer: { type: 'sgd', learning_rate: 1e-12 } };

  test.each([
    [3, 3, [1, 2, 3]],
    [1, 2, [1, 1]],
  ])('of %i networks has %i members, each of which begins as one of these', async (from, to, begins) => {
    const source = await trained({ ensemble: from });
    const scene = await startingFrom(source, { ...still, ensemble: to });
    expect(await scene.train()).toBe('finished');
    const members = membersOfModel(await published(scene, 2));
    const before = membersOfModel(await published(source));
    expect(members).toHaveLength(to);
    for (const [index, parameters] of members.entries()) {
      for (const [name, { data }] of parameters) {
        const begun = before[begins[index] - 1].get(name)?.data;
        data.forEach((value, i) => expect(value).toBeCloseTo(begun?.[i] ?? NaN, 6));
      }
    }
  });

  test.each([
    [1, /is an ensemble of 3, and this job trains one network\. Ask for "ensemble": 3/],
    [2, /is an ensemble of 3, and this job trains an ensemble of 2\. Ask for "ensemble": 3/],
  ])('of 3 members is refused with %i', async (ensemble, message) => {
    const source = await trained({ ensemble: 3, epochs: 1 });
    await expect(startingFrom(source, { ensemble })).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      pointer: '/ensemble',
      message: expect.stringMatching(message) as string,
    });
  });

  test('ends with the same bits when it was stopped on the way', async () => {
    const request: JobRequest = { ensemble: 2, epochs: 2 };
    const whole = await startingFrom(await trained({ ensemble: 2 }), request);
    const stopped = await startingFrom(await trained({ ensemble: 2 }), request);
    await whole.train();
    for (let attempt = 0; ; attempt++) {
      if ((await stopped.train({ signal: stopWhileAttempt(attempt, 3) })) === 'finished') break;
    }
    const fileOf = async (scene: Scene) => (await published(scene, 2)).manifest.file.sha256;
    expect(await fileOf(stopped)).toBe(await fileOf(whole));
  });
});
