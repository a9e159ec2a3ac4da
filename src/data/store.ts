/** The datasets there are, by name. A description is cheap to have; samples are read when they are asked for. */
import { TrainyardError } from '../errors.js';
import { loadMnist, mnistInfo } from './builtin/mnist.js';
import type { ArraysInfo, Dataset, DatasetInfo, TableContent } from './dataset.js';

export interface DatasetStore {
  list(): Promise<DatasetInfo[]>;
  /**
   * `version`: by default the newest that is ready.
   * @throws TrainyardError DATASET_NOT_FOUND
   */
  info(name: string, version?: number): Promise<DatasetInfo>;
  /**
   * Reads and verifies the files at each call, and keeps nothing.
   * @throws TrainyardError DATASET_NOT_FOUND, DATASET_CORRUPT
   */
  load(name: string, version?: number): Promise<Dataset>;
  /** @throws TrainyardError DATASET_NOT_FOUND, DATASET_CORRUPT, also while its content is read */
  openTable(name: string, version: number): Promise<TableContent>;
}

interface Source {
  info: ArraysInfo;
  load(): Promise<Dataset>;
}

export function createDatasetStore(): DatasetStore {
  const sources: Source[] = [{ info: mnistInfo, load: () => loadMnist() }];

  const find = (name: string): Source => {
    const source = sources.find(({ info }) => info.name === name);
    if (source !== undefined) return source;
    const names = sources.map(({ info }) => info.name).join(', ');
    const message = `There is no dataset ${JSON.stringify(name.slice(0, 100))}; there are: ${names}.`;
    throw new TrainyardError('DATASET_NOT_FOUND', message, { pointer: '/dataset' });
  };

  return {
    list: async () => Promise.resolve(sources.map(({ info }) => info)),
    info: async (name) => Promise.resolve(find(name).info),
    load: async (name) => find(name).load(),
    openTable: async (name) => Promise.reject(new Error(`${find(name).info.name} is not a table`)),
  };
}
