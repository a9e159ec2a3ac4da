import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Engine } from '../../../src/model/engines/engine.js';
import { createReferenceEngine } from '../../../src/model/engines/reference/reference-engine.js';
import { createAliases, type Aliases } from '../../../src/model/registry/aliases.js';
import { createModelServer, type ModelServer } from '../../../src/model/serving/model-server.js';
import { encodeModelFile } from '../../../src/model/files/model-file.js';
import { applyHead } from '../../../src/model/heads/head.js';
import { createRegistry, type Registry } from '../../../src/model/registry/registry.js';
import type { Storage } from '../../../src/storage/storage.js';
import { flipBit, temporaryStorage } from '../../storage/temporary-storage.js';
import { predict } from './predict.js';
import { createRecordingLog, type LogLine } from './recording-log.js';
import { parametersOf, smallDescription, smallModelFile } from '../small-model.js';

const inputs = [
  [0, 100, 255],
  [1, 2, 3],
];

/** The real engine, watched: how many predictors live, and that none predicts once it is disposed of. */
interface WatchedEngine extends Engine {
  live: number;
  /** The samples of each call. */
  calls: number[];
  /** Predictions wait for this one. */
  gate: Promise<void>;
  /** Predictors that are made wait for this one. */
  loading: Promise<void>;
}

function createWatchedEngine(): WatchedEngine {
  const reference = createReferenceEngine();
  const engine: WatchedEngine = {
    ...reference,
    live: 0,
    calls: [],
    gate: Promise.resolve(),
    loading: Promise.resolve(),
    async predictor(...model) {
      await engine.loading;
      const predictor = await reference.predictor(...model);
      let disposed = false;
      engine.live++;
      return {
        // As large as its file, so that a budget of files is one of loaded versions.
        sizeBytes: smallModelFile(1).length,
        async predict(raw, count) {
          engine.calls.push(count);
          await engine.gate;
          if (disposed) throw new Error('A predictor was disposed of under a running prediction');
          return predictor.predict(raw, count);
        },
        dispose() {
          if (disposed) throw new Error('A predictor was disposed of twice');
          disposed = true;
          engine.live--;
          predictor.dispose();
        },
      };
    },
  };
  return engine;
}

interface Fixture {
  storage: Storage;
  registry: Registry;
  aliases: Aliases;
  engine: WatchedEngine;
  server: ModelServer;
  warnings: LogLine[];
  /** Publishes what the run of this number, as its name says, made: by default the next version of `pets`. */
  publish: (run: number, model?: string, createdAt?: string) => Promise<number>;
  damage: (version: number) => Promise<void>;
}

/** A server that is not started and polls only when told, unless an interval is given. */
async function setUp({ lookEveryMs = 3_600_000, memoryBytes = Infinity } = {}): Promise<Fixture> {
  const storage = await temporaryStorage();
  const { log, warnings } = createRecordingLog();
  const registry = createRegistry(storage, log);
  const engine = createWatchedEngine();
  const aliases = createAliases({ storage, registry });
  const server = createModelServer({ registry, aliases, engine, memoryBytes, log, lookEveryMs });
  onTestFinished(() => server.stop());
  return {
    storage,
    registry,
    aliases,
    engine,
    server,
    warnings,
    publish: (run, model = 'pets', createdAt = '2026-01-01T00:00:00.000Z') =>
      registry.publish({
        model,
        runId: `job_${run}`,
        step: 1,
        file: smallModelFile(run),
        metrics: null,
        now: new Date(createdAt),
      }),
    async damage(version) {
      const manifest = (await registry.versions('pets')).find((each) => each.version === version);
      await flipBit(storage, manifest?.file.key ?? '', 4000);
    },
  };
}

/** What the run's model answers, straight from the engine and the head. */
async function probabilitiesOf(run: number): Promise<number[][]> {
  const parameters = parametersOf(smallDescription.network, run);
  const predictor = await createReferenceEngine().predictor(smallDescription, parameters);
  const outputs = await predictor.predict(Float32Array.from(inputs.flat()), inputs.length);
  const flat = applyHead(smallDescription.head, outputs);
  return inputs.map((_, sample) => [...flat.subarray(sample * 2, sample * 2 + 2)]);
}

describe('a prediction', () => {
  test('names the likeliest class and gives the probabilities of all', async () => {
    const { server, publish } = await setUp();
    await publish(1);
    await server.start();
    const expected = await probabilitiesOf(1);
    const answer = await predict(server, { inputs });
    expect(answer).toEqual({
      model: 'pets',
      version: 1,
      predictions: expected.map((probabilities) => {
        const index = probabilities[1] > probabilities[0] ? 1 : 0;
        return { label: ['cat', 'dog'][index], index, confidence: probabilities[index], probabilities };
      }),
    });
  });

  test('gives the likeliest classes on request, at most all of them', async () => {
    const { server, publish } = await setUp();
    await publish(1);
    await server.start();
    for (const [topK, length] of [
      [1, 1],
      [2, 2],
      [10, 2],
    ]) {
      for (const { top, label, index, confidence, probabilities } of (await predict(server, { inputs, topK }))
        .predictions) {
        expect(top).toHaveLength(length);
        expect(top?.[0]).toEqual({ label, index, confidence });
        if (length === 2) expect(top?.[1].confidence).toBe(Math.min(...probabilities));
      }
    }
  });

  test('comes from the model that was published last when none is named', async () => {
    const { server, publish } = await setUp();
    await publish(1, 'pets', '2026-01-01T00:00:00.000Z');
    await publish(2, 'birds', '2026-01-03T00:00:00.000Z');
    await publish(3, 'fish', '2026-01-02T00:00:00.000Z');
    await server.start();
    expect((await predict(server, { inputs })).model).toBe('birds');
    expect((await predict(server, { inputs, model: 'pets' })).model).toBe('pets');
    await publish(4, 'pets', '2026-01-04T00:00:00.000Z');
    await server.refresh();
    expect(await predict(server, { inputs })).toMatchObject({ model: 'pets', version: 2 });
  });

  test('comes from a version that the server has caught up with, also where no model is named', async () => {
    const { server, publish } = await setUp();
    await publish(1, 'pets', '2026-01-01T00:00:00.000Z');
    await server.start();
    await publish(2, 'birds', '2026-01-02T00:00:00.000Z');
    await server.catchUp('birds', 1);
    expect(await predict(server, { inputs })).toMatchObject({ model: 'birds', version: 1 });
    await publish(3, 'pets', '2026-01-03T00:00:00.000Z');
    await server.catchUp('pets', 2);
    expect(await predict(server, { inputs })).toMatchObject({ model: 'pets', version: 2 });
  });

  test('of a client that follows a job waits once for a version that was removed', async () => {
    const { server, registry, publish } = await setUp();
    for (const run of [1, 2, 3]) await publish(run);
    await publish(4, 'birds');
    for (const [model, version] of [['pets', 3] as const, ['birds', 1] as const]) {
      await registry.remove(model, version, () => Promise.resolve(false));
    }
    await server.start();
    const looks = vi.spyOn(registry, 'publishedModel');
    for (let get = 0; get < 5; get++) {
      await server.catchUp('pets', 3);
      await server.catchUp('birds', 1);
    }
    expect(looks.mock.calls).toEqual([['pets'], ['birds']]);
    await publish(5);
    await server.catchUp('pets', 4);
    expect(await predict(server, { inputs })).toMatchObject({ model: 'pets', version: 4 });
  });

  test('comes from an older version on request, of which a few stay loaded', async () => {
    const { server, engine, publish } = await setUp();
    for (let run = 1; run <= 8; run++) await publish(run);
    await server.start();
    for (const version of [1, 2, 3, 4, 5, 6, 7, 1, 8]) {
      const { predictions } = await predict(server, { inputs, version });
      expect(predictions.map(({ probabilities }) => probabilities)).toEqual(await probabilitiesOf(version));
    }
    // The latest, and four that were asked for.
    await vi.waitFor(() => expect(engine.live).toBe(5));
  });

  test('from an older version loads it once, however many ask at the same time', async () => {
    const { server, engine, publish } = await setUp();
    for (const run of [1, 2]) await publish(run);
    await server.start();
    await Promise.all(Array.from({ length: 20 }, () => predict(server, { inputs, version: 1 })));
    expect(engine.live).toBe(2);
  });

  test('from an older version succeeds even when requests for others push that version out', async () => {
    const { server, engine, publish } = await setUp();
    for (let run = 1; run <= 8; run++) await publish(run);
    await server.start();
    const versions = Array.from({ length: 70 }, (_, index) => 1 + (index % 7));
    const answers = await Promise.all(versions.map((version) => predict(server, { inputs, version })));
    expect(answers.map(({ version }) => version)).toEqual(versions);
    await vi.waitFor(() => expect(engine.live).toBe(5));
  });
});

describe('a reload', () => {
  test('under continuous predictions fails no request, and each answer comes from the version that it names', async () => {
    const { server, engine, publish } = await setUp({ lookEveryMs: 2 });
    const versions = 12;
    const expected = await Promise.all(
      Array.from({ length: versions + 1 }, (_, run) => probabilitiesOf(run)),
    );
    await publish(1);
    await server.start();
    const seen = new Set<number>();
    async function keepPredicting(): Promise<void> {
      for (let last = 0; last < versions;) {
        const { version, predictions } = await predict(server, { inputs });
        expect(predictions.map(({ probabilities }) => probabilities)).toEqual(expected[version]);
        expect(version).toBeGreaterThanOrEqual(last);
        last = version;
        seen.add(version);
        await sleep(0);
      }
    }
    const clients = Array.from({ length: 5 }, keepPredicting);
    for (let run = 2; run <= versions; run++) {
      await publish(run);
      await sleep(10);
    }
    await Promise.all(clients);
    expect(seen.size).toBeGreaterThan(3);
    await vi.waitFor(() => expect(engine.live).toBe(1));
  });

  test('frees the old version when its last prediction has ended, but not before', async () => {
    const { server, engine, publish } = await setUp();
    await publish(1);
    await server.start();
    let open = (): void => undefined;
    engine.gate = new Promise((resolve) => (open = resolve));
    const running = [predict(server, { inputs }), predict(server, { inputs })];
    await publish(2);
    await server.refresh();
    expect(server.status()).toMatchObject([{ model: 'pets', version: 2 }]);
    expect(engine.live).toBe(2);
    open();
    expect((await Promise.all(running)).map(({ version }) => version)).toEqual([1, 1]);
    await vi.waitFor(() => expect(engine.live).toBe(1));
    expect((await predict(server, { inputs })).version).toBe(2);
  });

  test('happens at once when a request names a model that is not known yet', async () => {
    const { server, publish } = await setUp();
    await server.start();
    await publish(1);
    expect((await predict(server, { inputs })).version).toBe(1);
    await publish(2, 'birds');
    expect((await predict(server, { inputs, model: 'birds' })).version).toBe(1);
  });

  test('requested while one runs sees everything published before the request', async () => {
    const { server, publish } = await setUp();
    await publish(1);
    const first = server.refresh();
    await publish(2);
    await Promise.all([first, server.refresh(), server.refresh()]);
    expect(server.status()).toMatchObject([{ model: 'pets', version: 2 }]);
  });
});

describe('an alias', () => {
  test('is answered from the version that it stands for, and follows when it is set to another', async () => {
    const { server, aliases, engine, publish } = await setUp();
    for (const run of [1, 2, 3]) await publish(run);
    await aliases.set('pets', 'production', 1);
    await server.start();
    const ask = async (alias: string) => (await predict(server, { inputs, model: 'pets', alias })).version;
    expect(await ask('production')).toBe(1);
    expect(await ask('latest')).toBe(3);
    expect(engine.live, 'both are loaded beforehand').toBe(2);
    await aliases.set('pets', 'production', 2);
    await server.refresh();
    expect(await ask('production')).toBe(2);
    expect(server.status()).toEqual([
      {
        model: 'pets',
        state: 'ready',
        version: 3,
        versions: [2, 3],
        held: new Map(),
        failed: [],
        damaged: [],
      },
    ]);
    expect(engine.live).toBe(2);
  });

  test('latest, when it is set, stays with its version whatever is published', async () => {
    const { server, aliases, publish } = await setUp();
    for (const run of [1, 2]) await publish(run);
    await aliases.set('pets', 'latest', 1);
    await server.start();
    expect((await predict(server, { inputs })).version).toBe(1);
    await publish(3);
    await server.refresh();
    expect((await predict(server, { inputs })).version).toBe(1);
    await aliases.remove('pets', 'latest');
    await server.refresh();
    expect((await predict(server, { inputs })).version).toBe(3);
  });

  test('of a version that is damaged later goes on with what is loaded', async () => {
    const { server, aliases, publish, damage } = await setUp();
    for (const run of [1, 2]) await publish(run);
    await aliases.set('pets', 'production', 1);
    await server.start();
    await damage(1);
    await server.refresh();
    expect((await predict(server, { inputs, alias: 'production' })).version).toBe(1);
  });

  test('that does not exist is refused, with the names of those that do', async () => {
    const { server, aliases, publish } = await setUp();
    await publish(1);
    await aliases.set('pets', 'production', 1);
    await server.start();
    await expect(predict(server, { inputs, alias: 'canary' })).rejects.toMatchObject({
      code: 'ALIAS_NOT_FOUND',
      message: 'The model pets has no alias "canary"; there are: production, latest.',
    });
  });

  test('is found although it was set a moment ago', async () => {
    const { server, aliases, publish } = await setUp();
    await publish(1);
    await server.start();
    await aliases.set('pets', 'canary', 1);
    expect((await predict(server, { inputs, alias: 'canary' })).version).toBe(1);
  });
});

test('a model that is unloaded answers nothing until it is loaded again', async () => {
  const { server, registry, engine, publish } = await setUp();
  await publish(1);
  await publish(2, 'birds', '2025-01-01T00:00:00.000Z');
  await server.start();
  await registry.setUnloaded('pets', true);
  await server.refresh();
  expect(engine.live).toBe(1);
  expect(server.status()).toMatchObject([
    { model: 'birds' },
    { model: 'pets', state: 'unloaded', version: null },
  ]);
  await expect(predict(server, { inputs, model: 'pets' })).rejects.toMatchObject({ code: 'MODEL_NOT_READY' });
  expect((await predict(server, { inputs })).model).toBe('birds');
  await registry.setUnloaded('pets', false);
  await server.refresh();
  expect((await predict(server, { inputs })).model).toBe('pets');
});

test('a version that was removed is no longer answered from', async () => {
  const { server, registry, engine, publish } = await setUp();
  for (const run of [1, 2]) await publish(run);
  await server.start();
  await predict(server, { inputs, version: 1 });
  await registry.remove('pets', 1, () => Promise.resolve(false));
  await server.refresh();
  await expect(predict(server, { inputs, version: 1 })).rejects.toMatchObject({ code: 'VERSION_NOT_FOUND' });
  expect(engine.live).toBe(1);
});

test('two servers on one storage follow each other’s changes', async () => {
  const { server, storage, registry, aliases, publish } = await setUp({ lookEveryMs: 5 });
  const other = createModelServer({
    registry,
    aliases: createAliases({ storage, registry }),
    engine: createReferenceEngine(),
    log: createRecordingLog().log,
    lookEveryMs: 5,
  });
  onTestFinished(() => other.stop());
  for (const run of [1, 2]) await publish(run);
  await Promise.all([server.start(), other.start()]);
  await aliases.set('pets', 'latest', 1);
  for (const each of [server, other]) {
    await vi.waitFor(() => expect(each.status()).toMatchObject([{ version: 1 }]));
  }
});

test('the observer is told of batches and reloads', async () => {
  const { registry, aliases, publish } = await setUp();
  const heard: unknown[] = [];
  const server = createModelServer({
    registry,
    aliases,
    engine: createReferenceEngine(),
    log: createRecordingLog().log,
    observe: {
      batch: (model, samples, ms) => heard.push([model, samples, ms >= 0]),
      reload: (...change) => heard.push(change),
    },
  });
  onTestFinished(() => server.stop());
  await publish(1);
  await server.start();
  await predict(server, { inputs });
  expect(heard).toEqual([
    ['pets', 1],
    ['pets', 2, true],
  ]);
});

describe('a damaged version', () => {
  test('at the start is logged once, and the newest readable one is served', async () => {
    const { server, warnings, publish, damage } = await setUp();
    for (const run of [1, 2, 3, 4]) await publish(run);
    await damage(3);
    await damage(4);
    await server.start();
    for (let polls = 0; polls < 3; polls++) await server.refresh();
    const reason = expect.stringMatching(/SHA-256 differs|bytes long/) as string;
    expect(server.status()).toEqual([
      {
        model: 'pets',
        held: new Map(),
        state: 'ready',
        version: 2,
        versions: [2],
        failed: [
          { version: 3, reason },
          { version: 4, reason },
        ],
        damaged: [],
      },
    ]);
    expect((await predict(server, { inputs })).version).toBe(2);
    expect(warnings).toMatchObject([
      { model: 'pets', version: 4 },
      { model: 'pets', version: 3 },
    ]);
  });

  test('that is published later leaves the served one in place, and the next readable one is served', async () => {
    const { server, warnings, publish, damage } = await setUp();
    await publish(1);
    await server.start();
    await publish(2);
    await damage(2);
    await server.refresh();
    expect(server.status()).toMatchObject([{ model: 'pets', version: 1 }]);
    await publish(3);
    await server.refresh();
    expect(server.status()).toMatchObject([{ model: 'pets', version: 3 }]);
    expect(warnings).toHaveLength(1);
  });

  test('requested by number is an error, and so is a model without a readable version', async () => {
    const { server, publish, damage } = await setUp();
    for (const run of [1, 2]) await publish(run);
    await damage(1);
    await server.start();
    await expect(predict(server, { inputs, version: 1 })).rejects.toMatchObject({
      code: 'CHECKPOINT_CORRUPT',
    });
    await server.stop();

    const other = await setUp();
    await other.publish(1);
    await other.damage(1);
    await other.server.start();
    for (const model of ['pets', undefined]) {
      await expect(predict(other.server, { inputs, model })).rejects.toMatchObject({
        code: 'MODEL_NOT_READY',
        message: expect.stringContaining('pets') as string,
      });
    }
  });
});

describe('memory', () => {
  const fileBytes = smallModelFile(1).length;

  test('is filled at the start with the models published last, and the others are loaded on request', async () => {
    const { server, engine, publish } = await setUp({ memoryBytes: 2 * fileBytes });
    for (let run = 1; run <= 5; run++) await publish(run, `model-${run}`, `2026-01-0${run}T00:00:00.000Z`);
    await server.start();
    const loaded = () => server.status().flatMap(({ model, state }) => (state === 'ready' ? [model] : []));
    expect(loaded()).toEqual(['model-4', 'model-5']);
    expect(server.status()[0]).toMatchObject({
      model: 'model-1',
      state: 'not_loaded',
      version: 1,
      versions: [],
    });
    expect(await predict(server, { inputs, model: 'model-1' })).toMatchObject({
      model: 'model-1',
      version: 1,
    });
    expect(loaded(), 'the one used longest ago made room').toEqual(['model-1', 'model-5']);
    expect(server.sizeBytes()).toBe(2 * fileBytes);
    await vi.waitFor(() => expect(engine.live).toBe(2));
  });

  test('is not freed while it is used', async () => {
    const { server, engine, publish } = await setUp({ memoryBytes: fileBytes });
    for (const [index, model] of ['a', 'b', 'c', 'd'].entries()) await publish(index, model);
    let open = (): void => undefined;
    engine.gate = new Promise((resolve) => (open = resolve));
    const answers = ['a', 'b', 'c', 'd', 'a'].map((model) => predict(server, { inputs, model }));
    await vi.waitFor(() => expect(engine.calls).toHaveLength(4));
    open();
    expect((await Promise.all(answers)).map(({ model }) => model)).toEqual(['a', 'b', 'c', 'd', 'a']);
  });

  test('is taken once, however many requests need the model at the same time', async () => {
    const { server, registry, engine, publish } = await setUp();
    await publish(1);
    const read = vi.spyOn(registry, 'read');
    await Promise.all(Array.from({ length: 20 }, () => predict(server, { inputs, model: 'pets' })));
    expect(read).toHaveBeenCalledTimes(1);
    expect(engine.live).toBe(1);
  });

  test('is refused to a model that is larger than all of it, with the name of the setting', async () => {
    const { server, publish } = await setUp({ memoryBytes: fileBytes - 1 });
    await publish(1);
    await server.start();
    for (const choice of [{ model: 'pets' }, { model: 'pets', version: 1 }]) {
      await expect(predict(server, { inputs, ...choice })).rejects.toMatchObject({
        code: 'MODEL_TOO_LARGE',
        message: expect.stringContaining('Set MODEL_MEMORY_MB to more') as string,
      });
    }
    expect(server.status()).toMatchObject([{ state: 'unavailable', version: null }]);
  });

  test('holds the version that answers while the one that replaces it is loaded', async () => {
    const { server, engine, publish } = await setUp({ memoryBytes: fileBytes });
    await publish(1);
    await server.start();
    let open = (): void => undefined;
    engine.loading = new Promise((resolve) => (open = resolve));
    await publish(2);
    const refreshed = server.refresh();
    expect((await predict(server, { inputs })).version).toBe(1);
    open();
    await refreshed;
    expect((await predict(server, { inputs })).version).toBe(2);
    await vi.waitFor(() => expect(engine.live).toBe(1));
  });
});

describe('a start', () => {
  test('waits for the model that answers by default and is over when it is loaded, or when it cannot be', async () => {
    const { server, engine, publish, damage } = await setUp();
    expect(server.starting()).toBeNull();
    await publish(1, 'birds', '2025-01-01T00:00:00.000Z');
    await publish(2);
    await damage(1);
    let open = (): void => undefined;
    engine.loading = new Promise((resolve) => (open = resolve));
    const started = server.start();
    expect(server.starting()).toBe('The models are being looked at.');
    await vi.waitFor(() => expect(server.starting()).toBe('The model birds is being loaded.'));
    open();
    await started;
    expect(server.starting()).toBeNull();
    expect((await predict(server, { inputs })).model).toBe('birds');
  });

  test('does not delay a request for a model', async () => {
    const { server, publish } = await setUp();
    for (let run = 1; run <= 30; run++) await publish(run, `model-${run}`);
    const started = server.start();
    expect((await predict(server, { inputs, model: 'model-17' })).version).toBe(1);
    await started;
  });
});

describe('a damaged alias', () => {
  const key = 'models/pets/aliases/latest.json';

  async function setUpPinned() {
    const fixture = await setUp();
    for (const run of [1, 2]) await fixture.publish(run);
    await fixture.publish(1, 'birds', '2025-01-01T00:00:00.000Z');
    await fixture.aliases.set('pets', 'latest', 1);
    await fixture.aliases.set('pets', 'canary', 2);
    return fixture;
  }

  test('keeps its version in a process that knows it, and is logged once', async () => {
    const { server, storage, aliases, warnings, publish } = await setUpPinned();
    await server.start();
    await storage.put(key, Buffer.from('{'));
    await publish(3);
    for (let looks = 0; looks < 3; looks++) await server.refresh();
    expect((await predict(server, { inputs, model: 'pets' })).version).toBe(1);
    expect(server.statusOf('pets')).toMatchObject({
      state: 'ready',
      damaged: [{ alias: 'latest', version: 1 }],
    });
    expect(warnings).toMatchObject([{ model: 'pets', alias: 'latest', version: 1 }]);
    await aliases.set('pets', 'latest', 2);
    await server.refresh();
    expect((await predict(server, { inputs, model: 'pets' })).version).toBe(2);
    expect(server.statusOf('pets')?.damaged).toEqual([]);
  });

  test('answers nothing after a restart until it is set again, while everything else of the model answers', async () => {
    const { server, storage, aliases } = await setUpPinned();
    await storage.put(key, Buffer.from('{'));
    await server.start();
    await expect(predict(server, { inputs, model: 'pets' })).rejects.toMatchObject({
      code: 'MODEL_NOT_READY',
      message:
        `Which version the alias latest of pets stands for is unknown: ${key} is not JSON. ` +
        'Set it again: PUT /v1/models/pets/aliases/latest with {"version": n}.',
    });
    expect((await predict(server, { inputs, model: 'pets', alias: 'canary' })).version).toBe(2);
    expect((await predict(server, { inputs, model: 'pets', version: 1 })).version).toBe(1);
    expect((await predict(server, { inputs })).model, 'another model answers by default').toBe('birds');
    await aliases.set('pets', 'latest', 1);
    expect((await predict(server, { inputs, model: 'pets' })).version).toBe(1);
  });
});

describe('looking for changes', () => {
  test('asks the store as often, however many unused models there are', async () => {
    const asked = async (models: number): Promise<number> => {
      const { server, registry, publish } = await setUp({ lookEveryMs: 5 });
      for (let run = 1; run <= models; run++) await publish(run, `model-${run}`);
      await server.start();
      const look = vi.spyOn(registry, 'publishedModel');
      const polls = vi.spyOn(registry, 'lastPublished');
      await vi.waitFor(() => expect(polls.mock.calls.length).toBeGreaterThan(4));
      await server.stop();
      return look.mock.calls.length / polls.mock.calls.length;
    };
    expect(await asked(300)).toBeLessThan(150);
  });

  test('finds what was published last in the next poll, among however many models', async () => {
    const { server, publish } = await setUp({ lookEveryMs: 5 });
    for (let run = 1; run <= 150; run++) await publish(run, `model-${run}`);
    await server.start();
    await publish(200, 'model-77', '2026-02-01T00:00:00.000Z');
    await vi.waitFor(async () =>
      expect(await predict(server, { inputs })).toMatchObject({ model: 'model-77', version: 2 }),
    );
  });

  test('goes on with other models where one cannot be checked, and what is loaded answers', async () => {
    const { server, registry, publish } = await setUp();
    await publish(1, 'birds');
    await publish(1);
    await server.start();
    const publishedModel = registry.publishedModel.bind(registry);
    vi.spyOn(registry, 'publishedModel').mockImplementation((name) =>
      name === 'birds' ? Promise.reject(new Error('EACCES')) : publishedModel(name),
    );
    await publish(2);
    await server.refresh();
    expect((await predict(server, { inputs, model: 'pets' })).version).toBe(2);
    expect((await predict(server, { inputs, model: 'birds' })).version).toBe(1);
  });
});

describe('a failing storage or engine', () => {
  test('is logged once, and tried again until it works', async () => {
    const storage = await temporaryStorage();
    const { log, warnings } = createRecordingLog();
    const registry = createRegistry(storage, log);
    const engine = createWatchedEngine();
    const failing = { listing: true, loading: true };
    const server = createModelServer({
      registry: {
        ...registry,
        folders: () => (failing.listing ? Promise.reject(new Error('EIO')) : registry.folders()),
      },
      aliases: createAliases({ storage, registry }),
      engine: {
        ...engine,
        predictor: (...model) =>
          failing.loading ? Promise.reject(new Error('out of memory')) : engine.predictor(...model),
      },
      log,
    });
    onTestFinished(() => server.stop());
    await registry.publish({
      model: 'pets',
      runId: 'job_1',
      step: 1,
      file: smallModelFile(1),
      metrics: null,
      now: new Date(0),
    });
    await server.start();
    await server.refresh();
    expect(warnings.map(({ msg }) => msg)).toEqual([
      expect.stringContaining('cannot look for changes of the models'),
    ]);
    failing.listing = false;
    for (let looks = 0; looks < 2; looks++) {
      await server.refresh();
      await vi.waitFor(() =>
        expect(server.status()).toMatchObject([{ state: 'unavailable', version: null }]),
      );
    }
    expect(warnings.slice(1)).toMatchObject([
      { model: 'pets', version: 1, msg: 'a model version cannot be loaded' },
    ]);
    failing.loading = false;
    await server.refresh();
    await vi.waitFor(() => expect(server.status()).toMatchObject([{ state: 'ready', version: 1 }]));
  });
});

describe('requests at the same time', () => {
  test('are one call of the predictor, and an error in one affects no other', async () => {
    const { server, engine, publish } = await setUp();
    await publish(1);
    await server.start();
    const [alone] = (await predict(server, { inputs })).predictions;
    engine.calls.length = 0;
    const answers = await Promise.allSettled([
      predict(server, { inputs }),
      predict(server, { inputs: [[1, 2]] }),
      predict(server, { inputs: [[1, NaN, 3]] }),
      predict(server, { inputs: [inputs[0]], model: 'pets' }),
    ]);
    expect(engine.calls).toEqual([3]);
    expect(answers).toMatchObject([
      { status: 'fulfilled', value: { predictions: [alone, {}] } },
      { status: 'rejected', reason: { message: 'inputs[0] has 2 numbers; the model takes 3' } },
      { status: 'rejected', reason: { message: 'inputs[0][1] is not a finite float32 number' } },
      { status: 'fulfilled', value: { predictions: [alone] } },
    ]);
  });
});

describe('a request that cannot be answered', () => {
  test('before any model exists says how to make one', async () => {
    const { server } = await setUp();
    await server.start();
    for (const model of [undefined, 'pets']) {
      await expect(predict(server, { inputs, model })).rejects.toMatchObject({
        code: 'MODEL_NOT_READY',
        message: expect.stringContaining('POST /v1/jobs') as string,
      });
    }
    expect(server.status()).toEqual([]);
  });

  test('names an unknown model: the error names those that are known', async () => {
    const { server, publish } = await setUp();
    await publish(1);
    await publish(2, 'birds');
    await server.start();
    for (const model of ['fish', '../pets', '', '__proto__']) {
      await expect(predict(server, { inputs, model })).rejects.toMatchObject({
        code: 'MODEL_NOT_FOUND',
        message: `There is no model ${JSON.stringify(model)}; published are: birds, pets.`,
        pointer: '/model',
      });
    }
  });

  test('names a version that does not exist', async () => {
    const { server, engine, publish } = await setUp();
    for (const run of [1, 2]) await publish(run);
    await server.start();
    await predict(server, { inputs, version: 1 });
    for (const version of [0, 3, 4, 5, 6, 1.5]) {
      await expect(predict(server, { inputs, version })).rejects.toMatchObject({ code: 'VERSION_NOT_FOUND' });
    }
    expect(engine.live, 'version 1 is still loaded').toBe(2);
  });

  test('has an input of the wrong width', async () => {
    const { server, publish } = await setUp();
    await publish(1);
    await server.start();
    await expect(
      predict(server, {
        inputs: [
          [1, 2, 3],
          [1, 2],
        ],
      }),
    ).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      message: 'inputs[1] has 2 numbers; the model takes 3',
      pointer: '/inputs/1',
    });
  });

  test.each([NaN, Infinity, -Infinity, 1e39])('has the number %d', async (number) => {
    const { server, publish } = await setUp();
    await publish(1);
    await server.start();
    await expect(
      predict(server, {
        inputs: [
          [1, 2, 3],
          [0, number, 0],
        ],
      }),
    ).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      message: 'inputs[1][1] is not a finite float32 number',
      pointer: '/inputs/1/1',
    });
  });

  test('has finite numbers so large that the outputs are infinite', async () => {
    const { server, registry } = await setUp();
    const description = { ...smallDescription, scaling: { divide_by: 1, mean: 0, std: 1e-30 } };
    const file = encodeModelFile(description, parametersOf(description.network, 1));
    await registry.publish({ model: 'pets', runId: 'job_1', step: 1, file, metrics: null, now: new Date(0) });
    await server.start();
    const large = [1e30, -1e30, 1e30];
    await expect(predict(server, { inputs: [[0, 0, 0], large] })).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      message: 'inputs[1] is too large: the outputs of the model are not finite',
      pointer: '/inputs/1',
    });
  });

  test('comes after the stop', async () => {
    const { server, engine, publish } = await setUp();
    for (const run of [1, 2]) await publish(run);
    await server.start();
    const running = [predict(server, { inputs }), predict(server, { inputs, version: 1 })];
    await server.stop();
    await server.stop();
    await expect(predict(server, { inputs })).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
    expect(await Promise.all(running)).toHaveLength(2);
    await vi.waitFor(() => expect(engine.live).toBe(0));
  });
});
