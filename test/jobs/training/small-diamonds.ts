/** Prices of diamonds by their measures: 400 rows of the table `diamonds` of the R package ggplot2 (MIT licence). */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dataset, Samples } from '../../../src/data/dataset.js';
import { resolveSpec } from '../../../src/jobs/intake/resolve-spec.js';
import type { JobRequest } from '../../../src/jobs/runs/job-request.js';
import type { RunSpec } from '../../../src/jobs/runs/run-spec.js';

const file = join(import.meta.dirname, '../../fixtures/diamonds.csv');
const trainCount = 320;

/** Every column standardised by its training rows; the last one, the price, is the value to learn. */
export async function smallDiamonds(): Promise<Dataset> {
  const text = await readFile(file, 'utf8');
  const [header = '', ...lines] = text.trim().split('\n');
  const names = header.split(',');
  const rows = standardised(lines.map((line) => line.split(',').map(Number)));
  const inputs = names.length - 1;
  const samplesOf = (some: number[][]): Samples => ({
    count: some.length,
    width: inputs,
    inputs: Float32Array.from(some.flatMap((row) => row.slice(0, inputs))),
    targets: Float32Array.from(some.flatMap((row) => row.slice(inputs))),
    weights: null,
  });
  return {
    info: {
      kind: 'arrays',
      name: 'diamonds',
      version: 1,
      sha256: createHash('sha256').update(text).digest('hex'),
      inputs,
      targets: { kind: 'values', names: names.slice(inputs) },
      trainCount,
      testCount: rows.length - trainCount,
      scaling: null,
    },
    train: samplesOf(rows.slice(0, trainCount)),
    test: samplesOf(rows.slice(trainCount)),
  };
}

/** A spec for it: 20 epochs of a small network. */
export async function smallDiamondsSpec(request: JobRequest = {}): Promise<RunSpec> {
  const { info } = await smallDiamonds();
  const small: JobRequest = {
    model: 'diamonds',
    network: { hidden: [{ units: 16 }] },
    optimizer: { learning_rate: 0.01 },
    batch_size: 32,
    epochs: 20,
    engine: 'reference',
  };
  return resolveSpec({ ...small, ...request }, info, { trainingMemoryLimitBytes: Infinity }, new Date(0));
}

function standardised(rows: number[][]): number[][] {
  const scales = rows[0].map((_, column) => {
    const numbers = rows.slice(0, trainCount).map((row) => row[column]);
    const mean = numbers.reduce((sum, number) => sum + number) / trainCount;
    const variance = numbers.reduce((sum, number) => sum + (number - mean) ** 2, 0) / trainCount;
    return { mean, std: Math.sqrt(variance) };
  });
  return rows.map((row) => row.map((number, column) => (number - scales[column].mean) / scales[column].std));
}
