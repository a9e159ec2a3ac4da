/** Uploads of IDX files: images with the class of each, like MNIST's. */
import { TrainyardError } from '../../errors.js';
import { labelledImages } from '../builtin/mnist.js';
import type { Samples } from '../dataset.js';
import { readIdx } from '../formats/idx.js';

/** Images (n, rows, columns) and their labels (n), plain or gzipped. */
export interface IdxPair {
  images: Uint8Array;
  labels: Uint8Array;
}

export interface IdxFiles {
  train: IdxPair;
  /** null: the upload has no test split. */
  test: IdxPair | null;
}

interface ClassSamples extends Samples {
  /** (count, width) */
  inputs: Uint8Array;
  /** (count) */
  targets: Uint8Array;
}

export interface IdxSamples {
  train: ClassSamples;
  test: ClassSamples | null;
}

const mostClasses = 256;

/**
 * @param maxBytes for each file when unpacked
 * @throws TrainyardError DATASET_CORRUPT, naming the file and what is wrong with it
 */
export function readIdxPairs({ train, test }: IdxFiles, maxBytes: number): IdxSamples {
  const read = { train: readPair(train, '', maxBytes), test: test && readPair(test, 'test_', maxBytes) };
  if (read.test !== null && read.test.width !== read.train.width) {
    const found = `${read.train.width} and ${read.test.width}`;
    const message = `The pictures of images and of test_images differ in size: ${found} pixels.`;
    throw new TrainyardError('DATASET_CORRUPT', message);
  }
  return read;
}

function readPair({ images, labels }: IdxPair, prefix: string, maxBytes: number): ClassSamples {
  return labelledImages(
    readIdx(images, { file: `${prefix}images`, dimensions: 3, maxBytes }),
    readIdx(labels, { file: `${prefix}labels`, dimensions: 1, maxBytes }),
    mostClasses,
  );
}

/** '0', '1', … up to the largest label. */
export function labelsOf({ train, test }: IdxSamples): string[] {
  let largest = 0;
  for (const { targets } of test === null ? [train] : [train, test])
    for (const label of targets) largest = Math.max(largest, label);
  return Array.from({ length: largest + 1 }, (_, label) => String(label));
}
