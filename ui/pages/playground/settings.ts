/** What can be chosen in the playground, and the requests that it becomes. */
import type { JobRequest, Schemas } from '../../service/api.js';

export type Shape = Schemas['GenerateRequest']['shape'];

export type Activation = NonNullable<
  NonNullable<NonNullable<JobRequest['network']>['hidden']>[number]['activation']
>;

export interface Points {
  shape: Shape;
  rows: number;
  noise: number;
  seed: number;
}

export interface Settings {
  points: Points;
  /** Units of the hidden layers. */
  hidden: number[];
  activation: Activation;
  encoding: 'standard' | 'piecewise';
  learningRate: number;
  batchSize: number;
  epochs: number;
}

export const shapes: readonly (readonly [Shape, string])[] = [
  ['moons', 'Moons'],
  ['circles', 'Circles'],
  ['spiral', 'Spiral'],
  ['xor', 'Quarters'],
  ['blobs', 'Three clouds'],
];

export const learningRates = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3];
export const batchSizes = [4, 8, 16, 32, 64, 128];
export const epochChoices = [20, 50, 100, 200, 500, 1_000];
export const layerUnits = [1, 2, 3, 4, 5, 6, 8, 12, 16];
export const mostLayers = 4;

/** The most that a job keeps: so many states can be stepped through afterwards. */
const mostCheckpoints = 100;
const validation = 0.2;

export const firstSettings: Settings = {
  points: { shape: 'moons', rows: 400, noise: 0.15, seed: 1 },
  hidden: [8, 8],
  activation: 'tanh',
  encoding: 'standard',
  learningRate: 0.01,
  batchSize: 16,
  epochs: 200,
};

export function datasetName({ shape }: Points): string {
  return `playground-${shape}`;
}

export function jobRequest(settings: Settings, dataset: { name: string; version: number }): JobRequest {
  const { points, hidden, activation, encoding, learningRate, batchSize, epochs } = settings;
  const stepsPerEpoch = Math.ceil((points.rows * (1 - validation)) / batchSize);
  return {
    model: 'playground',
    dataset,
    target: 'label',
    preset: 'plain',
    encoding,
    network: { hidden: hidden.map((units) => ({ units, activation })) },
    optimizer: { type: 'adam', learning_rate: learningRate } as NonNullable<JobRequest['optimizer']>,
    batch_size: batchSize,
    epochs,
    seed: points.seed,
    split: { validation, test: 0 },
    publish: 'final',
    publish_if: 'always',
    checkpoint: { every_steps: stepsPerEpoch * Math.ceil(epochs / mostCheckpoints), keep: mostCheckpoints },
    metadata: { made_in: 'playground' },
  };
}
