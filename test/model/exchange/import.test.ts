/** Networks of PyTorch as models of this service. The files of test/fixtures/exchange are made by PyTorch 2.13 and safetensors. */
import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TrainyardError } from '../../../src/errors.js';
import { importModel } from '../../../src/model/exchange/import/import-model.js';
import type { ImportDescription } from '../../../src/model/exchange/import/import-description.js';
import { encodeStateDict } from '../../../src/model/exchange/pytorch/write-state-dict.js';
import { readStateDict } from '../../../src/model/exchange/pytorch/read-state-dict.js';
import { writeZip } from '../../../src/model/exchange/zip-writer.js';
import { encodeModelFile, type DecodedModel } from '../../../src/model/files/model-file.js';
import { encodeSafetensors } from '../../../src/model/files/safetensors.js';
import type { StateDict } from '../../../src/model/network/network.js';
import { smallDescription, smallModelFile } from '../small-model.js';
import { expectNear } from './near.js';
import { answersOf, numbersCase, resultsOf } from './random-models.js';

const fixture = (name: string): Promise<Buffer> =>
  readFile(new URL(`../../fixtures/exchange/${name}`, import.meta.url));
const answers = JSON.parse(String(await fixture('answers.json'))) as {
  rows: number[][];
  probabilities: number[][];
};
const described: ImportDescription = { activations: 'tanh', labels: ['a', 'b', 'c'] };

async function probabilitiesOf(model: DecodedModel, rows: number[][]): Promise<number[]> {
  return [...(await resultsOf(model, rows))];
}

/** The code and message of what it throws. */
function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof TrainyardError) return `${error.code} ${error.pointer ?? ''} ${error.message}`;
    throw error;
  }
  return 'it was taken';
}

const tensor = (...shape: number[]) => ({
  shape,
  data: new Float32Array(shape.reduce((size, side) => size * side, 1)),
});

function dictOf(tensors: Record<string, number[]>): Buffer {
  const entries = Object.entries(tensors).map(([name, shape]) => [name, tensor(...shape)] as const);
  return encodeStateDict(new Map(entries) satisfies StateDict);
}

describe('a network of PyTorch', () => {
  test.each([
    ['float32.pth', 'pth'],
    ['checkpoint.pth', 'pth'],
    ['strided.pth', 'pth'],
    ['float64.pth', 'pth'],
    ['float32.safetensors', 'safetensors'],
  ])('in %s answers as it does there, without a bias too', async (name, format) => {
    const imported = importModel(await fixture(name), described);
    expect(imported.format).toBe(format);
    expectNear(await probabilitiesOf(imported.model, answers.rows), answers.probabilities.flat());
  });

  test.each(['float16.pth', 'bfloat16.pth'])('in %s answers as near as its numbers are', async (name) => {
    const { model } = importModel(await fixture(name), described);
    const probabilities = await probabilitiesOf(model, answers.rows);
    probabilities.forEach((each, i) => expect(each).toBeCloseTo(answers.probabilities.flat()[i], 2));
  });

  test('that gives one logit has two classes', async () => {
    const file = encodeStateDict(
      new Map([
        ['fc.weight', { shape: [1, 2], data: Float32Array.of(0.5, -2) }],
        ['fc.bias', { shape: [1], data: Float32Array.of(0.25) }],
      ]),
    );
    const { model } = importModel(file, { labels: ['no', 'yes'] });
    const yes = 1 / (1 + Math.exp(-(0.5 * 3 - 2 * 1 + 0.25)));
    expectNear(await probabilitiesOf(model, [[3, 1]]), [1 - yes, yes]);
  });

  test('takes the columns of its description', async () => {
    const file = encodeStateDict(
      new Map([['weight', { shape: [1, 5], data: Float32Array.of(1, 10, 100, 1000, 1e4) }]]),
    );
    const { model } = importModel(file, {
      values: [{ name: 'price', mean: 1, std: 2 }],
      columns: [
        { name: 'area', type: 'number', mean: 50, std: 10, missing_flag: true },
        { name: 'city', type: 'category', levels: ['Oslo', 'Rome'], other: true },
      ],
      target: ['price'],
    });
    const rows = [
      { area: 70, city: 'Rome' },
      { area: null, city: 'Bergen' },
    ];
    expect(await answersOf(model, rows)).toEqual([
      { price: (2 + 1000) * 2 + 1 },
      { price: (10 + 1e4) * 2 + 1 },
    ]);
  });
});

test('what is written as a state dict is read again, bit by bit', () => {
  fc.assert(
    fc.property(numbersCase, ({ model: { parameters } }) => {
      expect(readStateDict(encodeStateDict(parameters))).toEqual(parameters);
    }),
    { numRuns: 30 },
  );
});

test('a safetensors file of this service comes in as it is, and takes no description', () => {
  const file = smallModelFile(1);
  const { model } = importModel(file, {});
  expect(model.description).toEqual(smallDescription);
  expect(encodeModelFile(model.description, model.parameters)).toEqual(file);
  expect(refusal(() => importModel(file, { labels: ['a', 'b'] }))).toMatch(
    /^INVALID_REQUEST .*leave out labels/,
  );
});

test.each([
  [
    'a whole module',
    () => fixture('module.pth'),
    described,
    /MODEL_FILE_INVALID.*save the state dict alone/i,
  ],
  [
    'other layers',
    () => dictOf({ 'bn.running_mean': [3] }),
    described,
    /MODEL_FILE_INVALID.*only weights and biases/,
  ],
  ['a transposed weight', () => dictOf({ 'a.weight': [4, 2], 'a.bias': [2] }), described, /transposed/],
  [
    'layers in another order',
    () => dictOf({ 'b.weight': [2, 4], 'a.weight': [4, 3] }),
    described,
    /Name the layers in their order/,
  ],
  ['a convolution', () => dictOf({ 'c.weight': [2, 3, 3, 3] }), described, /\(outputs, inputs\)/],
  [
    'no activation',
    () => dictOf({ 'a.weight': [4, 3], 'b.weight': [3, 4] }),
    { labels: ['a', 'b', 'c'] },
    /\/description\/activations/,
  ],
  ['too few labels', () => dictOf({ 'a.weight': [3, 3] }), { labels: ['a', 'b'] }, /\/description\/labels/],
  ['neither labels nor values', () => dictOf({ 'a.weight': [3, 3] }), {}, /\/description\/labels/],
  [
    'columns of another width',
    () => dictOf({ 'a.weight': [3, 3] }),
    { ...described, columns: [{ name: 'x', type: 'number' }] },
    /\/description\/columns.*x 1/,
  ],
  ['a compressed archive', () => compressed(), described, /MODEL_FILE_INVALID.*compressed/],
  ['an empty file', () => Buffer.alloc(0), described, /MODEL_FILE_INVALID/],
] as [string, () => Buffer | Promise<Buffer>, ImportDescription, RegExp][])(
  '%s is refused with what to change',
  async (_what, file, description, message) => {
    const content = await file();
    expect(refusal(() => importModel(content, description))).toMatch(message);
  },
);

/** An archive that says of an entry that it is deflated. */
function compressed(): Buffer {
  const archive = writeZip([{ name: 'a/data.pkl', content: Buffer.alloc(10) }]);
  archive.writeUInt16LE(8, archive.length - 22 - 46 - 10 + 10);
  return archive;
}

test('the layers of safetensors without numbers must be named, since the file sorts them', () => {
  const file = encodeSafetensors(
    new Map([
      ['hidden.weight', tensor(3, 3)],
      ['input.weight', tensor(3, 3)],
    ]),
    {},
  );
  expect(refusal(() => importModel(file, described))).toMatch(/\/description\/layers.*"hidden", "input"/);
  expect(refusal(() => importModel(file, { ...described, layers: ['input', 'hidden'] }))).toBe(
    'it was taken',
  );
});

describe('hostile pickles', () => {
  const archive = (pickle: Buffer): Buffer =>
    writeZip([
      { name: 'm/data.pkl', content: pickle },
      { name: 'm/data/0', content: Buffer.alloc(64) },
    ]);
  const ascii = (text: string): Buffer => Buffer.from(text, 'latin1');

  test.each([
    ['that call os.system', ascii('\x80\x02cos\nsystem\nX\x02\0\0\0ls\x85R.')],
    ['that name a global of torch that runs code', ascii('\x80\x02ctorch\nload\n.')],
    ['that contain themselves', ascii('\x80\x02]q\0h\0a.')],
    ['with a dict that contains itself', ascii('\x80\x02}q\0X\x0a\0\0\0state_dicth\0s.')],
    ['that end in the middle', ascii('\x80\x02X\xff\xff\xff\x7f')],
    ['with marks without end', Buffer.alloc(2 ** 20, '(')],
    ['that are too long', Buffer.alloc(2 ** 20 + 1, '(')],
  ])('%s are refused', (_what, pickle) => {
    expect(refusal(() => readStateDict(archive(pickle)))).toMatch(/^MODEL_FILE_INVALID/);
  });

  test('a tensor cannot be larger than its file, by strides of 0 or by its shape', () => {
    const file = encodeStateDict(new Map([['a.weight', tensor(2, 3)]]));
    const at = file.indexOf(Buffer.from('J\x02\0\0\0J\x03\0\0\0', 'latin1'));
    for (const side of [2 ** 31 - 1, 2 ** 20]) {
      const huge = Buffer.from(file);
      huge.writeInt32LE(side, at + 1);
      huge.writeInt32LE(side, at + 6);
      // The strides follow the shape.
      huge.writeInt32LE(0, at + 13);
      huge.writeInt32LE(0, at + 18);
      expect(refusal(() => readStateDict(withChecksums(huge)))).toMatch(/^MODEL_FILE_INVALID.*larger/);
    }
  });
});

/** The archive with the checksums of what its entries hold now. */
function withChecksums(archive: Buffer): Buffer {
  const entries: { name: string; content: Buffer }[] = [];
  let at = archive.readUInt32LE(archive.length - 6);
  while (archive.readUInt32LE(at) === 0x02014b50) {
    const size = archive.readUInt32LE(at + 24);
    const nameBytes = archive.readUInt16LE(at + 28);
    const header = archive.readUInt32LE(at + 42);
    const start = header + 30 + nameBytes + archive.readUInt16LE(header + 28);
    entries.push({
      name: archive.toString('latin1', at + 46, at + 46 + nameBytes),
      content: archive.subarray(start, start + size),
    });
    at += 46 + nameBytes;
  }
  return writeZip(entries);
}

test('10,000 mutated files are taken or refused with a code, and nothing else happens', async () => {
  const whole = encodeStateDict(
    new Map([
      ['a.weight', tensor(3, 4)],
      ['a.bias', tensor(3)],
    ]),
  );
  const files = [whole, await fixture('float16.pth'), await fixture('float32.safetensors')];
  const pickleEnd = whole.indexOf(Buffer.from('model/byteorder'));
  let refused = 0;
  fc.assert(
    fc.property(
      fc.nat({ max: files.length }),
      fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 }),
      fc.option(fc.nat(), { freq: 4 }),
      (which, changes, cut) => {
        // One kind of them changes the pickle alone, and passes the checksum.
        const base = files[which] ?? whole;
        const range = which === files.length ? pickleEnd - 30 : base.length;
        const mutant = Buffer.from(base);
        for (const [at, value] of changes)
          mutant[which === files.length ? 60 + (at % (range - 60)) : at % range] = value;
        const file =
          which === files.length
            ? withChecksums(mutant)
            : mutant.subarray(0, cut === null ? undefined : cut % base.length);
        const outcome = refusal(() => importModel(file, described));
        if (outcome !== 'it was taken') refused++;
        expect(outcome).toMatch(/^(it was taken|MODEL_FILE_INVALID |INVALID_REQUEST )/);
      },
    ),
    { numRuns: 10_000 },
  );
  expect(refused).toBeGreaterThan(5_000);
});
