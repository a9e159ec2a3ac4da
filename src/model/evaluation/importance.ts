/**
 * What the columns of a table are worth to a model: how much worse its figure gets when the cells of one column are shuffled
 * among the rows. L. Breiman, "Random Forests", 2001, section 10. Columns that tell the same share their importance.
 */
import { fillWords } from '../../lib/philox.js';
import type { Samples } from '../engines/engine.js';
import type { TablePreprocessing } from '../preprocessing/table.js';
import type { ColumnImportance } from './evaluation.js';
import { predictSamples, type PredictOutputs } from './predicted-rows.js';
import type { Turn } from './turn.js';

export interface ImportanceTask {
  samples: Samples;
  preprocessing: TablePreprocessing;
  predict: PredictOutputs;
  outputs: number;
  figure: ColumnImportance['figure'];
  /** The figure of raw outputs (count, outputs) for the samples. */
  figureOf: (outputs: Float32Array) => number;
  seed: number;
  repetitions: number;
  turn: Turn;
  /** From 0 to 1. */
  onProgress: (fraction: number) => Promise<void>;
}

/** The samples are at least one. All inputs that a column becomes are shuffled together. */
export async function columnImportance(task: ImportanceTask): Promise<ColumnImportance> {
  const { samples, preprocessing, predict, outputs, figure, figureOf, repetitions, turn } = task;
  const { columns } = preprocessing;
  const usual = figureOf(await predictSamples(predict, samples, outputs, turn));
  const found: ColumnImportance['columns'] = [];
  let offset = 0;
  for (const [index, { name, parts }] of columns.entries()) {
    const width = parts.reduce((sum, part) => sum + part.width, 0);
    const worse: number[] = [];
    for (let repetition = 0; width > 0 && repetition < repetitions; repetition++) {
      const order = shuffledRows(samples.count, task.seed, index, repetition);
      const shuffled = withShuffled(samples, order, offset, width);
      worse.push(figureOf(await predictSamples(predict, shuffled, outputs, turn)) - usual);
    }
    found.push({ column: name, ...meanAndDeviation(worse) });
    offset += width;
    await task.onProgress((index + 1) / columns.length);
  }
  found.sort((a, b) => b.mean - a.mean);
  return { figure, rows: samples.count, repetitions, columns: found };
}

/** (count) A permutation, by the seed. */
function shuffledRows(count: number, seed: number, part: number, step: number): Uint32Array {
  const words = new Uint32Array(count);
  fillWords({ seed, purpose: 'evaluation', part, step }, 0, words);
  return Uint32Array.from({ length: count }, (_, row) => row).sort((a, b) => words[a] - words[b] || a - b);
}

function withShuffled(samples: Samples, order: Uint32Array, offset: number, width: number): Samples {
  const inputs = samples.inputs.slice();
  order.forEach((from, row) => {
    const start = from * samples.width + offset;
    inputs.set(samples.inputs.subarray(start, start + width), row * samples.width + offset);
  });
  return { ...samples, inputs };
}

/** Of the sample. */
function meanAndDeviation(numbers: readonly number[]): { mean: number; std: number } {
  if (numbers.length === 0) return { mean: 0, std: 0 };
  const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  const squares = numbers.reduce((sum, number) => sum + (number - mean) ** 2, 0);
  return { mean, std: numbers.length === 1 ? 0 : Math.sqrt(squares / (numbers.length - 1)) };
}
