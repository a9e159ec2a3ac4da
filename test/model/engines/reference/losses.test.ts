import { describe, expect, test } from 'vitest';
import { lossGradient, lossSumOf, type Batch } from '../../../../src/model/engines/reference/losses.js';
import { losses, sampleLoss, type Loss } from '../../../../src/model/network/losses.js';
import { expectClose } from '../close.js';

const rounding = { absolute: 1e-15, relative: 1e-14 };

/** A batch of the first samples of a split. */
function batchOf(
  targets: number[] | Float32Array,
  weights: number[] | null = null,
  size = targets.length,
): Batch {
  return {
    split: {
      targets: targets instanceof Float32Array ? targets : Uint8Array.from(targets),
      weights: weights && Float32Array.from(weights),
    },
    rows: Uint32Array.from({ length: size }, (_, row) => row),
  };
}

function gradientOf(loss: Loss, outputs: Float64Array[], batch: Batch): Float64Array[] {
  const gradient = outputs.map((row) => new Float64Array(row.length).fill(NaN));
  lossGradient(loss, gradient, outputs, batch);
  return gradient;
}

describe('cross-entropy', () => {
  const lossOf = (logits: number[], index: number): number =>
    lossSumOf('cross_entropy', [Float64Array.from(logits)], batchOf([index]));

  test.each<[string, number[], number, number]>([
    ['log n for n equal logits', [3, 3, 3, 3], 2, Math.log(4)],
    ['log(1 + e) one below the largest of two', [1, 0], 1, 1.3132616875182228],
    ['log(1 + 1/e) one above the other', [1, 0], 0, 0.31326168751822286],
    ['0 for a single class', [-7], 0, 0],
    ['0 where the right logit is far above', [1e4, -1e4, 0], 0, 0],
    ['the distance where the right logit is far below', [1e4, -1e4, 0], 1, 2e4],
    ['log n for n equal logits far from 0', [-1e4, -1e4], 0, Math.log(2)],
  ])('is %s', (_, logits, index, expected) => {
    // Beside 1e4 a loss is rounded to about 1e-12.
    expectClose('loss', [lossOf(logits, index)], [expected], { absolute: 2e-12, relative: 1e-15 });
  });

  test('adds up over the batch', () => {
    const logits = [Float64Array.of(1, 0), Float64Array.of(1, 0), Float64Array.of(0, 5)];
    const expected = lossOf([1, 0], 0) + lossOf([1, 0], 1) + lossOf([0, 5], 1);
    expectClose('loss', [lossSumOf('cross_entropy', logits, batchOf([0, 1, 1]))], [expected], rounding);
  });

  test('is NaN when a logit is', () => {
    expect(lossOf([0, NaN], 0)).toBeNaN();
    expect(lossOf([NaN, 0], 1)).toBeNaN();
  });

  test('has as its gradient the probabilities less the target, over the batch', () => {
    const logits = [Float64Array.of(1, 0), Float64Array.of(2, 2)];
    const gradient = gradientOf('cross_entropy', logits, batchOf([1, 0]));
    const p = 0.7310585786300049;
    expectClose('first', gradient[0], [p / 2, -p / 2], rounding);
    expectClose('second', gradient[1], [-1 / 4, 1 / 4], rounding);
  });

  test('has a finite gradient for extreme logits', () => {
    const logits = [Float64Array.of(1e4, -1e4, 0)];
    expect([...gradientOf('cross_entropy', logits, batchOf([0]))[0]]).toEqual([0, 0, 0]);
    expect([...gradientOf('cross_entropy', logits, batchOf([1]))[0]]).toEqual([1, -1, 0]);
  });
});

describe('cross-entropy with smoothed labels', () => {
  const logits = [Float64Array.of(1, 0, -2), Float64Array.of(0.5, 2, -0.25)];
  const batch = batchOf([1, 0]);

  // By torch.nn.CrossEntropyLoss(label_smoothing=…) in float64: the samples' losses, and the gradient of their mean.
  test.each([
    {
      smoothing: 0.1,
      losses: [1.3823455501015198, 1.7590726046861715],
      gradients: [
        [0.33602558968245394, -0.3369184364954571, 0.0008928468130031987],
        [-0.3826902929724233, 0.35968932948544896, 0.023000963486974318],
      ],
    },
    {
      smoothing: 0.3,
      losses: [1.4490122167681863, 1.7090726046861713],
      gradients: [
        [0.30269225634912056, -0.2702517698287904, -0.03244048652033013],
        [-0.3160236263057566, 0.3263559961521156, -0.010332369846359017],
      ],
    },
  ])('has PyTorch’s losses and gradients, $smoothing', ({ smoothing, losses, gradients }) => {
    logits.forEach((row, b) => {
      const loss = sampleLoss('cross_entropy', row, batch.split.targets, b, smoothing);
      expectClose('loss', [loss], [losses[b]], rounding);
    });
    const sum = lossSumOf('cross_entropy', logits, batch, smoothing);
    expectClose('sum', [sum], [losses[0] + losses[1]], rounding);
    const gradient = logits.map((row) => new Float64Array(row.length).fill(NaN));
    lossGradient('cross_entropy', gradient, logits, batch, smoothing);
    gradient.forEach((row, b) => expectClose(`row ${b}`, row, gradients[b], rounding));
  });

  test('is NaN when a logit is', () => {
    expect(sampleLoss('cross_entropy', Float64Array.of(0, NaN), [0], 0, 0.1)).toBeNaN();
  });
});

describe('the mean squared error against one-hot targets', () => {
  // By torch.nn.MSELoss in float64 on one-hot targets, which is the mean over the batch.
  const outputs = [Float64Array.of(1, 0, 0.5), Float64Array.of(2, -2, 0.25)];
  const batch = batchOf([1, 0]);

  test('is the sum over the batch of the means over the classes', () => {
    expectClose('loss', [lossSumOf('one_hot_mse', outputs, batch)], [2 * 1.21875], rounding);
  });

  test('has the gradient of the batch’s mean', () => {
    const gradient = gradientOf('one_hot_mse', outputs, batch);
    expectClose('first', gradient[0], [1 / 3, -1 / 3, 1 / 6], rounding);
    expectClose('second', gradient[1], [1 / 3, -2 / 3, 1 / 12], rounding);
  });

  test('shows an output that is not a number in the loss and in its own gradient', () => {
    const broken = [Float64Array.of(NaN, 1)];
    expect([...gradientOf('one_hot_mse', broken, batchOf([1]))[0]]).toEqual([NaN, 0]);
    expect(lossSumOf('one_hot_mse', broken, batchOf([1]))).toBeNaN();
  });
});

describe('the losses of values, worked out by hand', () => {
  // The errors are 3, −1/2 and 0; and −1, −4 and 1.
  const outputs = [Float64Array.of(4, 0.5, 2), Float64Array.of(0, 0, 0)];
  const batch = batchOf(Float32Array.of(1, 1, 2, 1, 4, -1), null, 2);

  test.each<[Loss, number, number[][]]>([
    [
      'mse',
      (9 + 0.25) / 3 + (1 + 16 + 1) / 3,
      [
        [6, -1, 0],
        [-2, -8, 2],
      ],
    ],
    [
      'mae',
      3.5 / 3 + 6 / 3,
      [
        [1, -1, 0],
        [-1, -1, 1],
      ],
    ],
    [
      'huber',
      (2.5 + 0.125) / 3 + (0.5 + 3.5 + 0.5) / 3,
      [
        [1, -0.5, 0],
        [-1, -1, 1],
      ],
    ],
  ])('%s', (loss, lossSum, slopes) => {
    expectClose('loss', [lossSumOf(loss, outputs, batch)], [lossSum], rounding);
    // A mean over 3 outputs and 2 samples.
    const expected = slopes.map((row) => row.map((slope) => slope / 6));
    gradientOf(loss, outputs, batch).forEach((row, b) => expectClose(`row ${b}`, row, expected[b], rounding));
  });
});

describe.each(losses)('weights with %s', (loss) => {
  const isOfClasses = loss === 'cross_entropy' || loss === 'one_hot_mse';
  const targets = isOfClasses ? [2, 0, 1] : Float32Array.of(0.5, -1, 2, 0, 0, 3, 1, -2, 0.25);
  const outputs = [
    Float64Array.of(0.3, -1.2, 2.1),
    Float64Array.of(0.7, 0.1, -0.4),
    Float64Array.of(-2.2, 1.6, 0.9),
  ];

  test('count a sample of weight 2 as two samples of weight 1', () => {
    const weighted = batchOf(targets, [1, 2, 0], 3);
    const repeated = { split: { ...weighted.split, weights: null }, rows: Uint32Array.of(0, 1, 1) };
    const rows = [outputs[0], outputs[1], outputs[1]];
    const lossSum = lossSumOf(loss, rows, repeated);
    expectClose('loss', [lossSumOf(loss, outputs, weighted)], [lossSum], rounding);
    const [first, second, third] = gradientOf(loss, outputs, weighted);
    const [one, two] = gradientOf(loss, rows, repeated);
    expectClose('weight 1', first, one, rounding);
    expectClose(
      'weight 2',
      second,
      two.map((slope) => 2 * slope),
      rounding,
    );
    expect(third.every((slope) => slope === 0)).toBe(true);
  });

  test('that are all 0 give a loss and a gradient of 0', () => {
    const batch = batchOf(targets, [0, 0, 0], 3);
    expect(lossSumOf(loss, outputs, batch)).toBe(0);
    for (const row of gradientOf(loss, outputs, batch)) expect([...row]).toEqual([0, 0, 0]);
  });

  test.each([null, [1, 0.25, 3]])('of %j agree with central differences', (weights) => {
    const batch = batchOf(targets, weights, 3);
    const weightSum = weights === null ? 3 : 4.25;
    const h = 1e-5;
    const slopeAt = (b: number, i: number): number => {
      const moved = (by: number) => {
        const rows = outputs.map((row) => row.slice());
        rows[b][i] += by;
        return lossSumOf(loss, rows, batch) / weightSum;
      };
      return (moved(h) - moved(-h)) / (2 * h);
    };
    gradientOf(loss, outputs, batch).forEach((row, b) => {
      const numeric = Array.from(row, (_, i) => slopeAt(b, i));
      // The difference quotient is off by about h² and by 1e-16 / h.
      expectClose(`row ${b}`, row, numeric, { absolute: 1e-9, relative: 0 });
    });
  });
});
