import { encode } from 'jpeg-js';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadMnist } from '../../src/data/builtin/mnist.js';
import { splitSamples } from '../../src/data/splits.js';
import type { GreyImage } from '../../src/images/grey-image.js';
import { fitDigit, stretch } from '../../src/images/fit.js';
import { readImage } from '../../src/images/read-image.js';
import { engines, selectEngine } from '../../src/model/engines/select.js';
import type { Predictor, TrainingProgram } from '../../src/model/engines/engine.js';
import { initialState } from '../../src/model/network/initialization.js';
import { greyPng } from './png-file.js';

const digits = 300;
/** The number of pictures of which many can be made only slowly: one of them may be lost. */
const fewer = 100;
/** The number of pictures that take long to make. */
const few = 30;
let mnist: Awaited<ReturnType<typeof loadMnist>>;
let predictor: Predictor;

/** The reference network after one epoch. */
beforeAll(async () => {
  mnist = await loadMnist();
  const program: TrainingProgram = {
    network: { inputs: 784, hidden: [{ units: 256, activation: 'relu', dropout: 0 }], outputs: 10 },
    loss: 'cross_entropy',
    optimizer: {
      type: 'adam',
      learning_rate: 1e-3,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weight_decay: 0,
    },
    batchSize: 64,
    seed: 0,
    scaling: mnist.info.scaling,
  };
  const { engine } = await selectEngine('auto', engines);
  const start = initialState(program.network, program.optimizer, program.seed);
  const data = { ...splitSamples(mnist.train, { seed: 0, fraction: 0 }), test: mnist.test };
  const trainer = await engine.trainer(program, data, start, { threads: 2, memoryLimitBytes: 2 ** 30 });
  await trainer.run(Math.ceil(mnist.train.count / program.batchSize));
  const { parameters } = await trainer.snapshot();
  await trainer.dispose();
  predictor = await engine.predictor(program, parameters);
});

const raw = (digit: Uint8Array): Float32Array => Float32Array.from(digit);

function digitOf({ inputs }: typeof mnist.test, index: number): Uint8Array {
  return inputs.subarray(index * 784, (index + 1) * 784);
}

/** The accuracy on the first digits of the test split, after `toInput`. */
async function accuracy(
  toInput: (digit: Uint8Array, index: number) => Float32Array,
  count = digits,
): Promise<number> {
  const inputs = new Float32Array(count * 784);
  for (let i = 0; i < count; i++) inputs.set(toInput(digitOf(mnist.test, i), i), i * 784);
  const outputs = await predictor.predict(inputs, count);
  let correct = 0;
  for (let i = 0; i < count; i++) {
    const row = [...outputs.subarray(i * 10, (i + 1) * 10)];
    if (row.indexOf(Math.max(...row)) === mnist.test.targets[i]) correct++;
  }
  return correct / count;
}

/** A page of this size with the digit enlarged `times` at this corner, and each level changed. */
function onPage(
  digit: Uint8Array,
  page: { width: number; height: number; times: number; left: number; top: number },
  level: (ink: number, x: number, y: number) => number,
): GreyImage {
  const { width, height, times, left, top } = page;
  const grey = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const column = Math.floor((x - left) / times);
      const row = Math.floor((y - top) / times);
      const isInside = column >= 0 && column < 28 && row >= 0 && row < 28;
      grey[y * width + x] = level(isInside ? digit[row * 28 + column] : 0, x, y);
    }
  }
  return { width, height, grey };
}

const noisy = { width: 560, height: 420, times: 8 };

/** How much lower the accuracy on pictures may be than on MNIST's own inputs. */
const loss = 0.01;

describe('a fitted digit of MNIST is recognised as well as its raw pixels', () => {
  const read = (image: GreyImage): Float32Array =>
    readImage({ bytes: greyPng(image), input: { fit: 'digit', side: 28 } });
  const itself = { width: 28, height: 28, times: 1, left: 0, top: 0 };
  const tenfold = { width: 280, height: 280, times: 10, left: 0, top: 0 };
  const page = (index: number): typeof itself => ({
    ...{ width: 280, height: 220, times: 4 },
    left: (index * 37) % 168,
    top: (index * 53) % 108,
  });

  test.each<[name: string, count: number, picture: (digit: Uint8Array, index: number) => GreyImage]>([
    ['as it is', digits, (digit) => onPage(digit, itself, (ink) => ink)],
    ['black on white', digits, (digit) => onPage(digit, itself, (ink) => 255 - ink)],
    ['enlarged ten times', fewer, (digit) => onPage(digit, tenfold, (ink) => ink)],
    ['somewhere on a white page', fewer, (digit, index) => onPage(digit, page(index), (ink) => 255 - ink)],
    [
      'grey on grey paper, in uneven light',
      fewer,
      (digit, index) => onPage(digit, page(index), (ink, x) => 200 - ink * 0.6 + (x - 140) / 14),
    ],
  ])('%s', async (_, count, picture) => {
    const found = await accuracy((digit, index) => read(picture(digit, index)), count);
    expect(found).toBeGreaterThanOrEqual((await accuracy(raw, count)) - loss);
  });

  test('in a JPEG of 28 × 28 pixels', async () => {
    const found = await accuracy((digit) => {
      const data = Buffer.from([...digit].flatMap((level) => [level, level, level, 255]));
      const bytes = encode({ width: 28, height: 28, data }, 75).data;
      return readImage({ bytes, input: { fit: 'digit', side: 28 } });
    }, few);
    expect(found).toBeGreaterThanOrEqual((await accuracy(raw, few)) - 1 / few);
  });

  test('in a large picture that is full of noise', async () => {
    const found = await accuracy((digit, index) => {
      const page = { ...noisy, left: (index * 37) % 330, top: (index * 53) % 190 };
      const noise = noiseOf(index);
      return fitDigit(
        onPage(digit, page, (ink) => 200 - ink * 0.6 + noise()),
        28,
      );
    }, few);
    expect(found).toBeGreaterThanOrEqual((await accuracy(raw, few)) - 1 / few);
  });

  test('most come out with exactly the pixels of MNIST', () => {
    const furthest = Array.from({ length: digits }, (__, index) => {
      const digit = digitOf(mnist.test, index);
      const fitted = fitDigit({ width: 28, height: 28, grey: digit }, 28);
      return fitted.reduce((most, level, i) => Math.max(most, Math.abs(level - digit[i])), 0);
    });
    expect(furthest.filter((distance) => distance <= 2).length).toBeGreaterThan(digits * 0.7);
  });
});

describe('a digit is fitted', () => {
  const square = (side: number, level: (x: number, y: number) => number): GreyImage => ({
    width: side,
    height: side,
    grey: Uint8Array.from({ length: side * side }, (_, at) => level(at % side, Math.floor(at / side))),
  });

  test.each([0, 100, 255])('to nothing when every pixel is %i', (level) => {
    const fitted = fitDigit(
      square(40, () => level),
      28,
    );
    expect(fitted).toEqual(new Float32Array(784));
  });

  test('to nothing when only the grain of the paper differs', () => {
    const fitted = fitDigit(
      square(40, (x, y) => 230 + ((x * 7 + y * 13) % 25)),
      28,
    );
    expect(fitted).toEqual(new Float32Array(784));
  });

  test('into a box of 20 of 28 pixels, with its proportions', () => {
    const bar = square(100, (x, y) => (x >= 10 && x < 30 && y >= 20 && y < 60 ? 255 : 0));
    const fitted = fitDigit(bar, 28);
    const rows = Array.from({ length: 28 }, (_, row) => [...fitted.subarray(row * 28, (row + 1) * 28)]);
    const inked = rows.filter((row) => row.some((level) => level > 0));
    expect(inked).toHaveLength(20);
    for (const row of inked) expect(row.filter((level) => level === 255)).toHaveLength(10);
  });

  test('with its centre of mass in the middle, as far as it fits', () => {
    // Heavy on the left, with a thin line to the right.
    const flag = square(60, (x, y) => (x < 8 || (x < 50 && y === 30) ? 255 : 0));
    const fitted = fitDigit(
      square(100, (x, y) => (x >= 20 && x < 80 && y >= 20 && y < 80 ? flag.grey[(y - 20) * 60 + x - 20] : 0)),
      28,
    );
    const inked = [...fitted.keys()].filter((at) => fitted[at] > 0).map((at) => at % 28);
    expect(Math.max(...inked)).toBe(27);
  });

  test.each([1, 2, 8, 64])('for a network of side %i', (side) => {
    const fitted = fitDigit(
      square(50, (x, y) => (x > 20 && x < 30 && y > 5 && y < 45 ? 0 : 255)),
      side,
    );
    expect(fitted).toHaveLength(side * side);
    expect(Math.max(...fitted)).toBeGreaterThan(100);
  });

  test('whatever its proportions', () => {
    for (const [width, height] of [
      [1, 1],
      [1, 65_535],
      [65_535, 1],
      [2, 3000],
    ]) {
      const grey = new Uint8Array(width * height);
      grey[grey.length >> 1] = 255;
      expect(fitDigit({ width, height, grey }, 28).every(Number.isFinite)).toBe(true);
      expect(stretch({ width, height, grey }, 28).every(Number.isFinite)).toBe(true);
    }
  });
});

describe('a picture is stretched', () => {
  test('by averaging when it becomes smaller', () => {
    const image = { width: 4, height: 2, grey: Uint8Array.from([0, 100, 10, 20, 200, 100, 30, 40]) };
    expect([...stretch(image, 2)]).toEqual([50, 15, 150, 35]);
    expect([...stretch(image, 1)]).toEqual([62.5]);
  });

  test('by interpolating when it becomes larger', () => {
    const image = { width: 2, height: 1, grey: Uint8Array.from([0, 100]) };
    expect([...stretch(image, 4).subarray(0, 4)]).toEqual([0, 25, 75, 100]);
  });

  test('and is neither inverted nor moved', () => {
    const image = { width: 3, height: 3, grey: Uint8Array.from([255, 255, 255, 0, 255, 255, 255, 255, 255]) };
    expect([...stretch(image, 3)]).toEqual([...image.grey]);
  });
});

/** Gives the same numbers each time: from −18 to 18, most of them small. */
function noiseOf(seed: number): () => number {
  let state = seed + 1;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  return () => 12 * (next() + next() + next());
}
