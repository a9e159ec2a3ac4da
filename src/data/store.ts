/**
 * The datasets there are, by name and version: the built-in ones and those that were uploaded. A description is cheap to
 * have; samples and rows are read when they are asked for.
 */
import { createHash } from 'node:crypto';
import { TrainyardError } from '../errors.js';
import { unreadableAs, type Storage } from '../storage/storage.js';
import { loadMnist, mnistInfo } from './builtin/mnist.js';
import type { ArraysInfo, Dataset, DatasetInfo, PicturesContent, Samples, TableContent } from './dataset.js';
import type { PictureIndex } from './picture-index.js';
import { openPictures } from './pictures/stored-pictures.js';
import type { TableSchema } from './table-schema.js';
import { openTable } from './tables/stored-table.js';
import { createDatasetVersions, datasetNotFound, type StoredVersion } from './versions/dataset-versions.js';
import { uploadKey, type ReadyPictures, type ReadyTable } from './versions/documents.js';
import { readIdxPairs } from './versions/idx-files.js';
import { openStoredFile } from './versions/stored-files.js';
import { readIdxFiles } from './versions/take-in.js';

export interface DatasetStore {
  /** The newest version of each, where it is ready. */
  list(): Promise<DatasetInfo[]>;
  /**
   * `version`: by default the newest.
   * @throws TrainyardError DATASET_NOT_FOUND, DATASET_VERSION_NOT_FOUND, DATASET_NOT_READY, DATASET_INVALID,
   * DATASET_CORRUPT
   */
  info(name: string, version?: number): Promise<DatasetInfo>;
  /**
   * Reads and verifies the files of a dataset of arrays at each call, and keeps nothing. `version` as in `info`.
   * @throws TrainyardError as `info`; INTERNAL for a table or pictures
   */
  load(name: string, version?: number): Promise<Dataset>;
  /** @throws TrainyardError as `info`, and DATASET_NOT_A_TABLE; DATASET_CORRUPT also while its content is read */
  openTable(name: string, version: number): Promise<TableContent>;
  /** @throws TrainyardError as `info`; INTERNAL for other datasets; DATASET_CORRUPT also while its content is read */
  openPictures(name: string, version: number): Promise<PicturesContent>;
}

interface BuiltIn {
  info: ArraysInfo;
  load(): Promise<Dataset>;
}

const builtIns: readonly BuiltIn[] = [{ info: mnistInfo, load: () => loadMnist() }];

/** A schema of a wide table takes some megabytes, and so does the index of a hundred thousand pictures. */
const keptDocuments = 16;

/** Without a storage there are only the built-in datasets. */
export function createDatasetStore(blobs: Storage | null = null): DatasetStore {
  if (blobs === null) return builtInStore;
  const storage = unreadableAs('DATASET_CORRUPT', blobs);
  const versions = createDatasetVersions(storage);
  const documents = new Map<string, unknown>();

  /** A document that lies beside what was read from an upload, and never changes. */
  async function documentOf<T>(key: string, digest: ReadyTable['schema']): Promise<T> {
    const known = documents.get(key);
    if (known !== undefined) return known as T;
    const document = await readDocument(storage, key, digest);
    documents.set(key, document);
    for (const oldest of [...documents.keys()].slice(0, -keptDocuments)) documents.delete(oldest);
    return document as T;
  }

  const schemaOf = ({ upload }: StoredVersion, { schema }: ReadyTable): Promise<TableSchema> =>
    documentOf(uploadKey(upload, 'schema.json'), schema);
  const indexOf = ({ upload }: StoredVersion, { index }: ReadyPictures): Promise<PictureIndex> =>
    documentOf(uploadKey(upload, 'pictures.json'), index);

  async function infoOf(stored: StoredVersion): Promise<DatasetInfo> {
    const { name, version, sent } = stored;
    const result = requireReady(stored);
    const identity = { name, version, sha256: sent.sha256 };
    if (result.kind === 'table') {
      return { kind: 'table', ...identity, schema: await schemaOf(stored, result), target: sent.target };
    }
    if (result.kind === 'pictures') {
      return { kind: 'pictures', ...identity, index: await indexOf(stored, result) };
    }
    const { inputs, labels, train_count: trainCount, test_count: testCount, scaling } = result;
    const targets = { kind: 'classes' as const, labels };
    return { kind: 'arrays', ...identity, inputs, targets, trainCount, testCount, scaling };
  }

  return {
    async list() {
      const newest = await Promise.all((await versions.names()).map((name) => versions.find(name)));
      const ready = newest.filter(({ result }) => result !== null && result.kind !== 'failed');
      return [...(await builtInStore.list()), ...(await Promise.all(ready.map(infoOf)))];
    },

    async info(name, version) {
      return builtInNamed(name, version)?.info ?? infoOf(await versions.find(name, version));
    },

    async load(name, version) {
      const builtIn = builtInNamed(name, version);
      if (builtIn !== undefined) return builtIn.load();
      const stored = await versions.find(name, version);
      const info = await infoOf(stored);
      if (info.kind !== 'arrays') {
        const message = `${name} is no dataset of arrays: its samples depend on the job that learns from it.`;
        throw new TrainyardError('INTERNAL', message);
      }
      const files = await readIdxFiles(storage, stored.upload, stored.sent);
      const { train, test } = readIdxPairs(files, unpackedBytes(info));
      return { info, train, test: test ?? noSamples(info.inputs) };
    },

    async openTable(name, version) {
      if (builtInNamed(name, version) !== undefined) throw notATable(name);
      const stored = await versions.find(name, version);
      const info = await infoOf(stored);
      if (info.kind !== 'table') throw notATable(name);
      return openTable(storage, uploadKey(stored.upload, 'table'), info.schema);
    },

    async openPictures(name, version) {
      const stored = await versions.find(name, version);
      const result = requireReady(stored);
      if (result.kind !== 'pictures') throw notPictures(name);
      const source = openStoredFile(storage, uploadKey(stored.upload, 'pictures'), result.pixels);
      return openPictures(await indexOf(stored, result), source);
    },
  };
}

const builtInStore: DatasetStore = {
  list: () => Promise.resolve(builtIns.map(({ info }) => info)),
  info: async (name, version) => Promise.resolve(requireBuiltIn(name, version).info),
  load: async (name, version) => requireBuiltIn(name, version).load(),
  openTable: async (name, version) => Promise.reject(notATable(requireBuiltIn(name, version).info.name)),
  openPictures: async (name, version) => Promise.reject(notPictures(requireBuiltIn(name, version).info.name)),
};

function requireBuiltIn(name: string, version: number | undefined): BuiltIn {
  const found = builtInNamed(name, version);
  if (found === undefined) throw datasetNotFound(name, []);
  return found;
}

/** undefined: no built-in dataset has this name. @throws TrainyardError DATASET_VERSION_NOT_FOUND */
function builtInNamed(name: string, version: number | undefined): BuiltIn | undefined {
  const found = builtIns.find(({ info }) => info.name === name);
  if (found === undefined || version === undefined || version === found.info.version) return found;
  const message = `The dataset ${name} is built in and has only version ${found.info.version}.`;
  throw new TrainyardError('DATASET_VERSION_NOT_FOUND', message, { pointer: '/dataset/version' });
}

/** @throws TrainyardError DATASET_NOT_READY, DATASET_INVALID */
function requireReady({ name, version, result }: StoredVersion) {
  if (result === null) {
    const message = `Version ${version} of ${name} is still being read: follow it at /v1/datasets/${name}/versions/${version}.`;
    throw new TrainyardError('DATASET_NOT_READY', message, { pointer: '/dataset' });
  }
  if (result.kind !== 'failed') return result;
  const { message, problems } = result.error;
  throw new TrainyardError('DATASET_INVALID', `Version ${version} of ${name} cannot be used: ${message}`, {
    pointer: '/dataset',
    problems,
  });
}

function notPictures(name: string): TrainyardError {
  return new TrainyardError('INTERNAL', `${name} is no dataset of pictures.`);
}

function notATable(name: string): TrainyardError {
  const message = `${name} has no named columns: its samples are pictures or arrays of numbers.`;
  return new TrainyardError('DATASET_NOT_A_TABLE', message);
}

async function readDocument(storage: Storage, key: string, digest: ReadyTable['schema']): Promise<unknown> {
  const bytes = await storage.read(key);
  const found = bytes && createHash('sha256').update(bytes).digest('hex');
  if (bytes === null || found !== digest.sha256) {
    const problem = bytes === null ? 'is missing' : 'is not what was written: its SHA-256 differs';
    throw new TrainyardError('DATASET_CORRUPT', `${key} ${problem}.`);
  }
  return JSON.parse(bytes.toString());
}

/** The most that one IDX file of such samples measures. */
function unpackedBytes({ inputs, trainCount, testCount }: ArraysInfo): number {
  return 16 + inputs * Math.max(trainCount, testCount);
}

function noSamples(width: number): Samples {
  return { count: 0, width, inputs: new Uint8Array(), targets: new Uint8Array(), weights: null };
}
