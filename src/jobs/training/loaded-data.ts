/** What a run trains on, in memory, and what its model is beside its parameters. */
import type { Dataset, DatasetInfo } from '../../data/dataset.js';
import { TrainyardError } from '../../errors.js';
import type { SplitName, TrainingData } from '../../model/engines/engine.js';
import type { ModelDescription } from '../../model/files/model-file.js';
import type { PictureDatasets } from '../runs/picture-rows.js';
import type { DatasetPin } from '../runs/run-spec.js';

/** Where the data of runs comes from. */
export interface TrainingDatasets extends PictureDatasets {
  /** @throws TrainyardError DATASET_NOT_FOUND, DATASET_CORRUPT */
  load(name: string, version?: number): Promise<Dataset>;
}

export interface LoadedData {
  data: TrainingData;
  /** Where the rows that are set apart lie in the dataset, from 0; of arrays, in its training rows and in its test rows. */
  rows: Record<'validation' | 'test', Uint32Array>;
  /** How much each row counts by itself, as a column says; null: all count the same. The weights of `data` have those of classes too. */
  rowWeights: Record<SplitName, Float32Array | null>;
  description: ModelDescription;
}

/** How the inputs of a run are made, where that is not fitted anew: those of the version that it starts from. */
export type RecordedInputs = Pick<ModelDescription, 'scaling' | 'preprocessing'>;

export function eachSplit<Value>(make: (split: SplitName) => Value): Record<SplitName, Value> {
  return { train: make('train'), validation: make('validation'), test: make('test') };
}

/** @throws TrainyardError DATASET_CHANGED */
export function refuseIfChanged({ name, sha256 }: DatasetPin, info: DatasetInfo): void {
  if (sha256 === null || sha256 === info.sha256) return;
  throw new TrainyardError(
    'DATASET_CHANGED',
    `The dataset ${name} holds other data than when the job was submitted: its SHA-256 is ${info.sha256}, not ${sha256}. ` +
      'Submit the job again to train on the data as it is now.',
  );
}
