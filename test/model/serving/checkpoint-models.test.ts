/** Models that answer from checkpoints: each file is loaded once while it is in use, and few stay loaded. */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { createReferenceEngine } from '../../../src/model/engines/reference/reference-engine.js';
import { CheckpointModels, type UnpublishedModel } from '../../../src/model/serving/checkpoint-models.js';
import { smallModelFile } from '../small-model.js';

const question = {
  inputs: Float32Array.of(1, 100, 200),
  count: 1,
  deadlineMs: Infinity,
  isWanted: () => true,
};

/** `reads` counts how often its file was read. */
function fileOf(seed: number, reads: Map<number, number>): UnpublishedModel {
  const bytes = smallModelFile(seed);
  return {
    model: 'small',
    sha256: createHash('sha256').update(bytes).digest('hex'),
    size_bytes: bytes.length,
    read() {
      reads.set(seed, (reads.get(seed) ?? 0) + 1);
      return Promise.resolve(bytes);
    },
  };
}

const ask = async (models: CheckpointModels, file: UnpublishedModel): Promise<number[]> =>
  models.use(file, async (model) => [...(await model.predict(question)).results]);

test('a file is read once, also by requests that come together, and answers as itself', async () => {
  const reads = new Map<number, number>();
  const models = new CheckpointModels({ engine: createReferenceEngine() });
  const [one, again] = await Promise.all([ask(models, fileOf(1, reads)), ask(models, fileOf(1, reads))]);
  expect(again).toEqual(one);
  expect(await ask(models, fileOf(2, reads))).not.toEqual(one);
  expect(reads).toEqual(new Map([[1, 1], [2, 1]])); // prettier-ignore
});

test('the eight used last stay loaded', async () => {
  const reads = new Map<number, number>();
  const models = new CheckpointModels({ engine: createReferenceEngine() });
  for (let seed = 1; seed <= 8; seed++) await ask(models, fileOf(seed, reads));
  await ask(models, fileOf(1, reads));
  await ask(models, fileOf(9, reads));
  await ask(models, fileOf(1, reads));
  expect(reads.get(1)).toBe(1);
  await ask(models, fileOf(2, reads));
  expect(reads.get(2)).toBe(2);
});

test('a file that cannot be read is tried again, and one that is too large never', async () => {
  const reads = new Map<number, number>();
  const models = new CheckpointModels({ engine: createReferenceEngine(), memoryBytes: 10_000 });
  const file = fileOf(1, reads);
  const damaged = { ...file, read: () => Promise.reject(new Error('away')) };
  await expect(ask(models, damaged)).rejects.toThrow('away');
  expect(await ask(models, file)).toHaveLength(2);
  const large = { ...fileOf(2, reads), size_bytes: 10_001 };
  await expect(async () => ask(models, large)).rejects.toThrow('MODEL_MEMORY_MB');
  expect(reads.get(2)).toBeUndefined();
});
