import { describe, expect, test } from 'vitest';
import {
  listCheckpoints,
  newestCheckpoint,
  pruneCheckpoints,
  readCheckpoint,
  writeCheckpoint,
  type Checkpoint,
} from '../../../src/model/files/checkpoint.js';
import { TrainyardError } from '../../../src/errors.js';
import type { Storage } from '../../../src/storage/storage.js';
import { flipBit, temporaryStorage } from '../../storage/temporary-storage.js';
import { smallDescription, stateAt } from '../small-model.js';

const prefix = 'runs/job_1/checkpoints';
const now = new Date('2026-01-02T03:04:05.678Z');

function checkpointAt(step: number): Checkpoint {
  return {
    description: smallDescription,
    state: stateAt(step),
    position: { samples: step * 64, weight_sum: step * 64, loss_sum: step / 3, metric_sum: step },
    metrics: [{ epoch: 1, train_loss: 0.1 + 0.2 }],
  };
}

/** With the checkpoints of one writer. */
async function storageWith(...steps: number[]): Promise<Storage> {
  const storage = await temporaryStorage();
  for (const step of steps) await write(storage, step);
  return storage;
}

function write(storage: Storage, step: number, term = 1): Promise<void> {
  return writeCheckpoint(storage, prefix, { ...checkpointAt(step), term, now });
}

/** The newest checkpoint's step, and the steps reported as damaged on the way. */
async function resume(storage: Storage): Promise<{ step: number | null; damaged: number[] }> {
  const damaged: number[] = [];
  const checkpoint = await newestCheckpoint(storage, prefix, (step) => damaged.push(step));
  return { step: checkpoint?.state.step ?? null, damaged };
}

describe('a checkpoint', () => {
  test('gives back all that it was given, to the bit', async () => {
    const storage = await storageWith(4690);
    expect(
      await newestCheckpoint(storage, prefix, (step) => expect.unreachable(`${step} is damaged`)),
    ).toEqual(checkpointAt(4690));
    expect(await readCheckpoint(storage, prefix, 4690)).toEqual(checkpointAt(4690));
    expect(await readCheckpoint(storage, prefix, 1)).toBeNull();
  });

  test('lies where the design says and lists what it holds', async () => {
    const storage = await storageWith(4690);
    const folder = `${prefix}/step-00004690.000001`;
    expect(await storage.list(folder)).toEqual([
      'manifest.json',
      'model.safetensors',
      'optimizer.safetensors',
    ]);
    const [manifest] = await listCheckpoints(storage, prefix);
    expect(manifest).toMatchObject({ format_version: 2, step: 4690, created_at: now.toISOString() });
    for (const { name, size_bytes } of manifest.files) {
      expect(await storage.read(`${folder}/${name}`)).toHaveLength(size_bytes);
    }
  });

  test('is found as the newest, by number and not by name', async () => {
    const storage = await storageWith(9, 10, 99_999_999, 100_000_000);
    expect(await resume(storage)).toEqual({ step: 100_000_000, damaged: [] });
    expect((await listCheckpoints(storage, prefix)).map(({ step }) => step)).toEqual([
      100_000_000, 99_999_999, 10, 9,
    ]);
  });

  test('that cannot be read just now is not taken for a damaged one', async () => {
    const storage = await storageWith(100, 200);
    const away = new TrainyardError('STORAGE_UNAVAILABLE', 'The store does not answer.');
    const failing: Storage = {
      ...storage,
      read: (key) => (key.includes('step-00000200') ? Promise.reject(away) : storage.read(key)),
    };
    await expect(resume(failing)).rejects.toBe(away);
    await expect(pruneCheckpoints(failing, prefix, { keep: 1, term: 1 })).rejects.toBe(away);
    expect(await resume(storage)).toEqual({ step: 200, damaged: [] });
  });

  test('there is none in an empty run', async () => {
    const storage = await temporaryStorage();
    expect(await resume(storage)).toEqual({ step: null, damaged: [] });
    expect(await listCheckpoints(storage, prefix)).toEqual([]);
    await pruneCheckpoints(storage, prefix, { keep: 2, term: 1 });
  });

  test('written again takes the place of the earlier one', async () => {
    const storage = await storageWith(100, 100);
    expect(await resume(storage)).toEqual({ step: 100, damaged: [] });
  });

  test('of a later writer is newer than all of an earlier one, whatever their steps', async () => {
    const storage = await storageWith(100, 200, 300);
    await write(storage, 250, 3);
    await write(storage, 200, 3);
    expect(await resume(storage)).toEqual({ step: 250, damaged: [] });
    const listed = (await listCheckpoints(storage, prefix)).map(({ step }) => step);
    expect(listed).toEqual([250, 200, 300, 200, 100]);
  });

  test('that is damaged gives way to those of earlier writers in the end', async () => {
    const storage = await storageWith(100, 200);
    await write(storage, 150, 2);
    await flipBit(storage, `${prefix}/step-00000150.000002/model.safetensors`, 4000);
    expect(await resume(storage)).toEqual({ step: 200, damaged: [150] });
  });
});

describe('a damaged checkpoint', () => {
  test.each(['manifest.json', 'model.safetensors', 'optimizer.safetensors'])(
    'is passed over wherever a bit of its %s is flipped',
    async (name) => {
      const storage = await storageWith(100, 200);
      const key = `${prefix}/step-00000200.000001/${name}`;
      const bits = 8 * ((await storage.read(key))?.length ?? 0);
      // A prime stride, so that all bit positions and all parts of the file have their turn.
      for (let bit = 0; bit < bits; bit += 101) {
        await flipBit(storage, key, bit);
        expect(await resume(storage), `bit ${bit}`).toEqual({ step: 100, damaged: [200] });
        await flipBit(storage, key, bit);
      }
      expect(await resume(storage)).toEqual({ step: 200, damaged: [] });
    },
  );

  test.each(['model.safetensors', 'optimizer.safetensors'])('is passed over without its %s', async (name) => {
    const storage = await storageWith(100, 200);
    await storage.remove(`${prefix}/step-00000200.000001/${name}`);
    expect(await resume(storage)).toEqual({ step: 100, damaged: [200] });
  });

  test('without its manifest does not exist', async () => {
    const storage = await storageWith(100, 200);
    await storage.remove(`${prefix}/step-00000200.000001/manifest.json`);
    expect(await resume(storage)).toEqual({ step: 100, damaged: [] });
    expect((await listCheckpoints(storage, prefix)).map(({ step }) => step)).toEqual([100]);
  });

  test('is reported with the reason, each one, until a good one is found', async () => {
    const storage = await storageWith(100, 200, 300);
    await storage.put(`${prefix}/step-00000300.000001/manifest.json`, Buffer.from('{"format_version":1'));
    await storage.put(`${prefix}/step-00000200.000001/model.safetensors`, Buffer.from('short'));
    const reports: string[] = [];
    await newestCheckpoint(storage, prefix, (step, reason) => reports.push(`${step}: ${reason}`));
    expect(reports).toEqual([
      '300: manifest.json is not JSON.',
      expect.stringMatching(/^200: model\.safetensors is 5 bytes long and should be \d+\.$/),
    ]);
  });

  test('leaves nothing when it is the only one', async () => {
    const storage = await storageWith(100);
    await flipBit(storage, `${prefix}/step-00000100.000001/optimizer.safetensors`, 5000);
    expect(await resume(storage)).toEqual({ step: null, damaged: [100] });
  });

  test('is not what a failing storage makes of it: that error is passed on', async () => {
    const storage = await storageWith(100);
    const failing: Storage = { ...storage, read: () => Promise.reject(new Error('EIO')) };
    await expect(resume(failing)).rejects.toThrow('EIO');
  });
});

describe('pruning', () => {
  test('keeps the newest, and the protected ones', async () => {
    const storage = await storageWith(100, 200, 300, 400, 500);
    await pruneCheckpoints(storage, prefix, { keep: 2, protectedSteps: [200], term: 1 });
    expect(await storage.list(prefix)).toEqual([
      'step-00000200.000001',
      'step-00000400.000001',
      'step-00000500.000001',
    ]);
    expect(await resume(storage)).toEqual({ step: 500, damaged: [] });
  });

  test("keeps the newer writer's where two protect the same step, and counts the newest of all", async () => {
    const storage = await storageWith(100, 200, 300);
    await write(storage, 200, 2);
    await write(storage, 250, 2);
    await pruneCheckpoints(storage, prefix, { keep: 1, protectedSteps: [200], term: 2 });
    expect(await storage.list(prefix)).toEqual(['step-00000200.000002', 'step-00000250.000002']);
  });

  test('by a writer whose term is over leaves those of later ones alone', async () => {
    const storage = await storageWith(100, 200);
    await write(storage, 150, 2);
    await storage.put(`${prefix}/step-00000160.000002/model.safetensors`, Buffer.from('being written'));
    await pruneCheckpoints(storage, prefix, { keep: 1, term: 1 });
    expect(await storage.list(prefix)).toEqual(['step-00000150.000002', 'step-00000160.000002']);
  });

  test('clears away what a crash left half written, and does not count it', async () => {
    const storage = await storageWith(100, 200);
    await storage.put(`${prefix}/step-00000150.000001/model.safetensors`, Buffer.from('half'));
    await storage.put(`${prefix}/step-00000300.000001/model.safetensors`, Buffer.from('half'));
    await pruneCheckpoints(storage, prefix, { keep: 2, term: 1 });
    expect(await storage.list(prefix)).toEqual(['step-00000100.000001', 'step-00000200.000001']);
  });

  test('that is cut off leaves no checkpoint that looks whole', async () => {
    const storage = await storageWith(100, 200);
    let removals = 0;
    const cutOff: Storage = {
      ...storage,
      remove: (key) => (++removals > 1 ? Promise.reject(new Error('killed')) : storage.remove(key)),
    };
    await expect(pruneCheckpoints(cutOff, prefix, { keep: 1, term: 1 })).rejects.toThrow('killed');
    expect((await listCheckpoints(storage, prefix)).map(({ step }) => step)).toEqual([200]);
    await pruneCheckpoints(storage, prefix, { keep: 1, term: 1 });
    expect(await storage.list(prefix)).toEqual(['step-00000200.000001']);
  });

  test('leaves what is no checkpoint alone', async () => {
    const storage = await storageWith(100);
    await storage.put(`${prefix}/notes.txt`, Buffer.from('mine'));
    await pruneCheckpoints(storage, prefix, { keep: 0, term: 1 });
    expect(await storage.list(prefix)).toEqual(['notes.txt']);
  });
});
