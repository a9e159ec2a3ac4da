import { describe, expect, test } from 'vitest';
import { applyHead, classHead } from '../../../src/model/heads/head.js';
import { countCorrect } from '../../../src/model/metrics/classification.js';
import { epochOrder } from '../../../src/model/network/batch-plan.js';
import { fillDropoutFactors } from '../../../src/model/network/dropout.js';
import type { Samples, TrainingData, TrainingProgram } from '../../../src/model/engines/engine.js';
import type { TrainingState } from '../../../src/model/network/initialization.js';
import { createReferenceEngine } from '../../../src/model/engines/reference/reference-engine.js';
import type { Tensor } from '../../../src/model/network/network.js';
import { applyAffine } from '../../../src/model/preprocessing/affine.js';
import { expectClose } from './close.js';
import { engineConformance } from './conformance.js';
import { predicted } from './course.js';
import { randomProblem } from './problem.js';

// Seven steps of numbers stored as float32, each rounded by up to 2^-24 = 6e-8; the largest distance seen is 3e-7.
const resources = { threads: 1, memoryLimitBytes: 2 ** 30 };
engineConformance('reference', createReferenceEngine, { absolute: 1e-6, relative: 1e-6 });

describe('one step worked out by hand', () => {
  const tensor = (shape: number[], ...values: number[]): Tensor => ({
    shape,
    data: Float32Array.from(values),
  });
  const zeros = (shape: number[]): Tensor =>
    tensor(shape, ...new Array<number>(shape[0] * (shape[1] ?? 1)).fill(0));
  const program: TrainingProgram = {
    network: { inputs: 2, hidden: [{ units: 2, activation: 'relu', dropout: 0 }], outputs: 2 },
    loss: 'cross_entropy',
    optimizer: {
      type: 'adam',
      learning_rate: 0.5,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weight_decay: 0,
    },
    batchSize: 1,
    seed: 0,
    scaling: { divide_by: 1, mean: 0, std: 1 },
  };
  const samples: Samples = {
    count: 1,
    width: 2,
    inputs: Uint8Array.of(1, 2),
    targets: Uint8Array.of(1),
    weights: null,
  };
  const data: TrainingData = { train: samples, validation: samples, test: samples };
  const start: TrainingState = {
    step: 0,
    parameters: new Map([
      ['fc1.weight', tensor([2, 2], 1, 0, 0, -1)],
      ['fc1.bias', tensor([2], 0, 0)],
      ['fc2.weight', tensor([2, 2], 1, 1, 0, 2)],
      ['fc2.bias', tensor([2], 0, 0)],
    ]),
    optimizer: new Map(
      ['fc1.weight', 'fc1.bias', 'fc2.weight', 'fc2.bias'].flatMap((name): [string, Tensor][] => [
        [`${name}.exp_avg`, zeros(name.endsWith('bias') ? [2] : [2, 2])],
        [`${name}.exp_avg_sq`, zeros(name.endsWith('bias') ? [2] : [2, 2])],
      ]),
    ),
  };
  // The hidden units see (1, −2) and say (1, 0), so the logits are (1, 0), and the wrong class has e / (1 + e).
  const p = 0.7310585786300049;
  // Of the loss log(1 + e), with the second hidden unit off.
  const gradients = new Map([
    ['fc1.weight', [p, 2 * p, 0, 0]],
    ['fc1.bias', [p, 0]],
    ['fc2.weight', [p, 0, -p, 0]],
    ['fc2.bias', [p, -p]],
  ]);
  const float32 = { absolute: 1e-7, relative: 1e-6 };

  test('gives the loss, the gradients’ moments and the parameters', async () => {
    const trainer = await createReferenceEngine().trainer(program, data, start, resources);
    const report = await trainer.run(1);
    const correct = countCorrect(report, samples.targets);
    expectClose(
      'report',
      [report.rows.length, ...report.lossSums, correct],
      [1, 1.3132616875182228, 0],
      float32,
    );
    expectClose('outputs', report.outputs, [1, 0], float32);

    const { step, parameters, optimizer } = await trainer.snapshot();
    expect(step).toBe(1);
    for (const [name, gradient] of gradients) {
      const of = (key: string) => optimizer.get(`${name}.${key}`)?.data ?? [];
      expectClose(
        `${name}.exp_avg`,
        of('exp_avg'),
        gradient.map((g) => 0.1 * g),
        float32,
      );
      expectClose(
        `${name}.exp_avg_sq`,
        of('exp_avg_sq'),
        gradient.map((g) => 0.001 * g * g),
        float32,
      );
      // Adam's first step is the learning rate in the direction of the gradient's sign.
      const moved = [...(start.parameters.get(name)?.data ?? [])].map(
        (w, i) => w - 0.5 * Math.sign(gradient[i]),
      );
      expectClose(name, parameters.get(name)?.data ?? [], moved, float32);
    }
  });

  test('leaves both hidden units off, so that the biases alone decide', async () => {
    const engine = createReferenceEngine();
    const trainer = await engine.trainer(program, data, start, resources);
    await trainer.run(1);
    const report = await trainer.evaluate('test', 0, 1);
    const correct = countCorrect(report, samples.targets);
    expectClose('evaluation', [...report.lossSums, correct], [0.31326168751822286, 1], float32);

    const { parameters } = await trainer.snapshot();
    const predictor = await engine.predictor(program, parameters);
    const outputs = await predictor.predict(Float32Array.of(1, 2), 1);
    const head = classHead('cross_entropy', ['no', 'yes']);
    expectClose('probabilities', applyHead(head, outputs), [1 - p, p], float32);
  });
});

test('an epoch visits the samples in the order of the batch plan', async () => {
  const problem = randomProblem([7, 9, 3], 1);
  const { program, data, start } = problem;
  const { count, inputs, targets } = data.train;
  // Nothing is learned, so that a step's loss tells which sample it saw.
  const still = { ...program, optimizer: { ...program.optimizer, learning_rate: 0 } };
  const engine = createReferenceEngine(Float64Array);
  const outputs = await predicted(engine, problem, Float32Array.from(inputs), count);
  const probabilities = applyHead(classHead('cross_entropy', ['a', 'b', 'c']), outputs);
  const losses = Array.from(targets, (index, i) => -Math.log(probabilities[3 * i + index]));
  expect(new Set(losses).size).toBe(count);

  const trainer = await engine.trainer(still, data, start, resources);
  for (const epoch of [0, 1, 2]) {
    const { lossSums, rows } = await trainer.run(count);
    const order = epochOrder(program.seed, epoch, count);
    const expected = Array.from(order, (sample) => losses[sample]);
    expectClose(`losses of epoch ${epoch}`, lossSums, expected, { absolute: 0, relative: 1e-6 });
    expect(rows).toEqual(order);
  }
});

test('each step switches off the units that its masks say, and an evaluation none', async () => {
  const { program, data, start } = randomProblem([3, 8, 2], 1, { activations: ['tanh'], dropout: 0.5 });
  const scaling = { divide_by: 255, mean: 0.1307, std: 0.3081 };
  const one: Samples = {
    count: 1,
    width: 3,
    inputs: Uint8Array.of(9, 99, 200),
    targets: Uint8Array.of(1),
    weights: null,
  };
  const still = { ...program, scaling, optimizer: { ...program.optimizer, learning_rate: 0 } };
  const of = (name: string) => [...(start.parameters.get(name)?.data ?? [])];
  const [weights1, bias1, weights2, bias2] = ['fc1.weight', 'fc1.bias', 'fc2.weight', 'fc2.bias'].map(of);
  const inputs = [...one.inputs].map((raw) => applyAffine(scaling, raw));
  const product = (weights: number[], values: number[], output: number): number =>
    values.reduce((sum, value, i) => sum + weights[output * values.length + i] * value, 0);
  const hidden = bias1.map((bias, unit) => Math.tanh(product(weights1, inputs, unit) + bias));
  const lossWith = (factors: Float64Array): number => {
    const kept = hidden.map((value, unit) => factors[unit] * value);
    const logits = bias2.map((bias, c) => product(weights2, kept, c) + bias);
    return Math.log(Math.exp(logits[0]) + Math.exp(logits[1])) - logits[1];
  };
  const masks = [0, 1, 2].map((step) => {
    const factors = new Float64Array(8);
    fillDropoutFactors({ seed: program.seed, layer: 0, step, row: 0, rate: 0.5 }, factors);
    return factors;
  });
  expect(new Set(masks.map((mask) => mask.join())).size).toBe(3);

  const engine = createReferenceEngine(Float64Array);
  const trainer = await engine.trainer(still, { ...data, train: one, test: one }, start, resources);
  const rounding = { absolute: 1e-12, relative: 0 };
  expectClose('training', (await trainer.run(3)).lossSums, masks.map(lossWith), rounding);
  const whole = lossWith(new Float64Array(8).fill(1));
  expectClose('evaluation', (await trainer.evaluate('test', 0, 1)).lossSums, [whole], rounding);
});
