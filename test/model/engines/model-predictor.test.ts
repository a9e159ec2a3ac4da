import { describe, expect, test } from 'vitest';
import type { Engine, Predictor } from '../../../src/model/engines/engine.js';
import { modelPredictor } from '../../../src/model/engines/model-predictor.js';
import { createReferenceEngine } from '../../../src/model/engines/reference/reference-engine.js';
import { createWasmEngine } from '../../../src/model/engines/wasm/wasm-engine.js';
import { applyHead, classHead, type Head } from '../../../src/model/heads/head.js';
import { joinMembers } from '../../../src/model/network/members.js';
import { parametersOf, smallDescription } from '../small-model.js';

const { network, scaling } = smallDescription;
const members = [1, 2, 3].map((seed) => parametersOf(network, seed));
const count = 5;
const inputs = Float32Array.from({ length: count * network.inputs }, (_, i) => (i * 37) % 256);

/** Of an engine that counts the predictors which are not disposed of; it has memory for `most`. */
function counted(engine: Engine, most = Infinity) {
  const open = new Set<Predictor>();
  const counting: Pick<Engine, 'predictor'> = {
    async predictor(...asked) {
      if (open.size === most) throw new Error('no memory');
      const predictor = await engine.predictor(...asked);
      const one: Predictor = {
        sizeBytes: predictor.sizeBytes,
        predict: (...call) => predictor.predict(...call),
        dispose() {
          open.delete(one);
          predictor.dispose();
        },
      };
      open.add(one);
      return one;
    },
  };
  return { engine: counting, open };
}

describe.each([
  ['reference', createReferenceEngine],
  ['wasm', createWasmEngine],
])('an ensemble on %s', (_, createEngine) => {
  test.each<[string, Head]>([
    ['softmax', classHead('cross_entropy', ['cat', 'dog'])],
    ['projection', classHead('one_hot_mse', ['cat', 'dog'])],
    ['values', { kind: 'values', names: ['x', 'y'], scaling: [1, 2].map((std) => ({ mean: 5, std })) }],
  ])('answers with the mean of its members: %s', async (_head, head) => {
    const engine = createEngine();
    const alone = await Promise.all(
      members.map(async (parameters) => {
        const predictor = await modelPredictor(engine, { network, scaling, head }, parameters);
        return applyHead(head, await predictor.predict(inputs, count));
      }),
    );
    const { engine: counting, open } = counted(engine);
    const together = await modelPredictor(
      counting,
      { network, scaling, head, ensemble: 3 },
      joinMembers(members),
    );
    expect(open.size).toBe(3);
    expect(together.sizeBytes).toBe([...open].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
    const results = applyHead(head, await together.predict(inputs, count));
    expect(results).toHaveLength(count * 2);
    results.forEach((result, i) => {
      expect(result).toBeCloseTo(alone.reduce((sum, each) => sum + each[i], 0) / 3, 5);
    });
    together.dispose();
    expect(open.size).toBe(0);
  });

  test('that finds no memory for a member frees the others', async () => {
    const { engine, open } = counted(createEngine(), 2);
    const program = { network, scaling, head: smallDescription.head, ensemble: 3 };
    await expect(modelPredictor(engine, program, joinMembers(members))).rejects.toThrow('no memory');
    expect(open.size).toBe(0);
  });
});
