/**
 * The space of a search that names no parameters: what usually matters most for a multi-layer perceptron, in ranges by the size
 * and the kind of the data. What the job names stays as it is.
 */
import { isDeepStrictEqual } from 'node:util';
import { encodings } from '../../model/preprocessing/table.js';
import type { JobRequest } from '../runs/job-request.js';
import type { TrainingSpec } from '../runs/run-spec.js';
import type { JsonValue, Parameter, Parameters, Space } from '../search/space.js';

/** The rates of learning go this many times up and down from what the preset takes. */
const ratesAround = 10;
const highestRate = 0.5;
const decays = { min: 1e-6, max: 1e-1 };

const fewRows = 1_000;
const manyRows = 20_000;

/**
 * `planned` is the job as it would be trained. Its own values are in the space, and the first trial has them: so a search finds
 * nothing worse than what the service takes without one.
 */
export function usualSearch(
  job: JobRequest,
  planned: TrainingSpec,
  trainRows: number,
): { space: Space; first: Parameters } {
  const { learning_rate: rate, weight_decay: decay } = planned.optimizer;
  const { network, init_from, optimizer = {}, batch_size, label_smoothing, encoding, bins } = job;
  const isFixed = { rate: 'learning_rate' in optimizer, decay: 'weight_decay' in optimizer };
  const entries: [string, Parameter, JsonValue][] = [];
  if (!isFixed.rate) {
    const max = Math.min(highestRate, rate * ratesAround);
    entries.push([
      'optimizer.learning_rate',
      { min: rate / ratesAround, max, scale: 'log' },
      Math.min(rate, max),
    ]);
  }
  if (!isFixed.decay) {
    const value = Math.min(decays.max, Math.max(decays.min, decay));
    entries.push(['optimizer.weight_decay', { ...decays, scale: 'log' }, value]);
  }
  const addChoice = (path: string, own: JsonValue, others: readonly JsonValue[]): void => {
    const rest = others.filter((other) => !isDeepStrictEqual(other, own));
    entries.push([path, { values: [own, ...rest] }, own]);
  };
  if (network === undefined && init_from === undefined) {
    const own = planned.network.hidden.map((layer): JsonValue => ({ ...layer }));
    addChoice('network.hidden', own, layersFor(planned, trainRows));
  }
  if (batch_size === undefined) addChoice('batch_size', planned.batch_size, batchSizesFor(trainRows));
  if (label_smoothing === undefined && planned.loss === 'cross_entropy') {
    addChoice('label_smoothing', planned.label_smoothing ?? 0, [0, 0.05, 0.1]);
  }
  if (encoding === undefined && bins === undefined && planned.encoding !== undefined) {
    addChoice('encoding', planned.encoding, encodings);
  }
  return {
    space: Object.fromEntries(entries.map(([path, parameter]) => [path, parameter])),
    first: Object.fromEntries(entries.map(([path, , value]) => [path, value])),
  };
}

/** One to three equal layers, with and without dropout. */
function layersFor({ network }: TrainingSpec, trainRows: number): JsonValue[] {
  const activation = network.hidden[0]?.activation ?? 'relu';
  const widths = trainRows < fewRows ? [16, 32, 64] : trainRows < manyRows ? [32, 64, 128] : [64, 128, 256];
  return [1, 2, 3].flatMap((depth) =>
    widths.flatMap((units) =>
      [0, 0.2].map((dropout) => Array.from({ length: depth }, () => ({ units, activation, dropout }))),
    ),
  );
}

function batchSizesFor(trainRows: number): number[] {
  return trainRows < fewRows ? [16, 32, 64] : trainRows < manyRows ? [32, 64, 128] : [64, 128, 256];
}
