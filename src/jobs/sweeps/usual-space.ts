/**
 * The space of a search that names no parameters: what usually matters most for a multi-layer perceptron, in ranges by the size
 * and the kind of the data. What the job names stays as it is.
 */
import { encodings } from '../../model/preprocessing/table.js';
import type { JobRequest } from '../runs/job-request.js';
import type { TrainingSpec } from '../runs/run-spec.js';
import type { JsonValue, Parameter, Space } from '../search/space.js';

/** The rates of learning go this many times up and down from what the preset takes. */
const ratesAround = 10;
const highestRate = 0.5;

const fewRows = 1_000;
const manyRows = 20_000;

/** `planned` is the job as it would be trained. */
export function usualSpace(job: JobRequest, planned: TrainingSpec, trainRows: number): Space {
  const { learning_rate: rate } = planned.optimizer;
  const { network, init_from, optimizer = {}, batch_size, label_smoothing, encoding, bins } = job;
  const isFixed = { rate: 'learning_rate' in optimizer, decay: 'weight_decay' in optimizer };
  const space: Record<string, Parameter | false> = {
    'optimizer.learning_rate': !isFixed.rate && {
      min: rate / ratesAround,
      max: Math.min(highestRate, rate * ratesAround),
      scale: 'log',
    },
    'optimizer.weight_decay': !isFixed.decay && { min: 1e-6, max: 1e-1, scale: 'log' },
    'network.hidden': network === undefined &&
      init_from === undefined && { values: layersFor(planned, trainRows) },
    batch_size: batch_size === undefined && { values: batchSizesFor(trainRows) },
    label_smoothing: label_smoothing === undefined &&
      planned.loss === 'cross_entropy' && { values: [0, 0.05, 0.1] },
    encoding: encoding === undefined &&
      bins === undefined &&
      planned.encoding !== undefined && { values: [...encodings] },
  };
  const found = Object.entries(space).filter((entry): entry is [string, Parameter] => entry[1] !== false);
  return Object.fromEntries(found);
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
