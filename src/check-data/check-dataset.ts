/** Checks a dataset: of each version its documents, the files as they were sent, and the rows that were read from them. */
import { createHash } from 'node:crypto';
import { TrainyardError } from '../errors.js';
import { ChunkReader } from '../data/tables/chunk-store.js';
import {
  decodeDocument,
  removedKey,
  resultDocument,
  uploadDocument,
  uploadKey,
  versionDocument,
  versionKey,
  type ReadyTable,
  type ResultDocument,
  type UploadDocument,
  type VersionDocument,
} from '../data/versions/documents.js';
import { openStoredFile } from '../data/versions/stored-files.js';
import type { Shape } from '../lib/json-shape.js';
import type { Storage } from '../storage/storage.js';
import { damageOf, type Counts, type Damage, type Part, type Repair } from './damage.js';
import { numbersIn } from '../storage/numbered-blobs.js';

export function datasetPart(name: string): Part {
  return { name: `datasets/${name}`, check: (storage, counts) => checkDataset(storage, name, counts) };
}

async function checkDataset(storage: Storage, name: string, counts: Counts): Promise<Damage[]> {
  const numbers = numbersIn(await storage.list(`datasets/${name}/versions`));
  if (numbers.length > 0) counts.datasets++;
  const damages: Damage[] = [];
  for (const number of numbers) {
    counts['dataset versions']++;
    damages.push(...(await checkVersion(storage, name, number)));
  }
  return damages;
}

async function checkVersion(storage: Storage, name: string, number: number): Promise<Damage[]> {
  const key = versionKey(name, number);
  const version = { document: null as VersionDocument | null, sent: null as UploadDocument | null };
  // The record of removal keeps the number from being used again.
  const record: Repair = { put: removedKey(name, number), content: Buffer.from('{"format_version":1}') };
  const cost = `Version ${number} of the dataset ${name} cannot be used. Upload its file again.`;
  const found = await damageOf(
    key,
    async () => {
      version.document = await documentAt(storage, key, versionDocument);
    },
    { cost, repair: [record, { move: key }] },
  );
  if (version.document === null) return found;
  const { upload } = version.document;
  const remove = { cost, repair: [record, { move: key }, { move: `uploads/${upload}` }] };
  const sentKey = uploadKey(upload, 'upload.json');
  const damages = await damageOf(
    sentKey,
    async () => {
      version.sent = await documentAt(storage, sentKey, uploadDocument);
      if (version.sent === null) throw corrupt(`${sentKey} is missing`);
    },
    remove,
  );
  for (const [file, stored] of Object.entries(version.sent?.files ?? {})) {
    const fileKey = uploadKey(upload, file);
    const check = (): Promise<void> => readAll(openStoredFile(storage, fileKey, stored).stream());
    damages.push(...(await damageOf(fileKey, check, remove)));
  }
  return damages.length > 0
    ? damages
    : checkResult(storage, upload, `version ${number} of the dataset ${name}`);
}

/** What was read from the files; with them it can be made again. */
async function checkResult(storage: Storage, upload: string, what: string): Promise<Damage[]> {
  const derived = ['result.json', 'schema.json', 'table', 'attempts'];
  const means = {
    cost: `The rows of ${what} cannot be read. Once they are moved aside, the service reads its file again.`,
    repair: derived.map((file) => ({ move: uploadKey(upload, file) })),
  };
  const key = uploadKey(upload, 'result.json');
  let result: ResultDocument | null = null;
  const damages = await damageOf(
    key,
    async () => {
      result = await documentAt(storage, key, resultDocument);
    },
    means,
  );
  const ready = result as ResultDocument | null;
  if (ready?.kind !== 'table') return damages;
  const schemaKey = uploadKey(upload, 'schema.json');
  const tableKey = uploadKey(upload, 'table');
  return [
    ...(await damageOf(schemaKey, () => checkSchema(storage, schemaKey, ready), means)),
    ...(await damageOf(
      tableKey,
      // Reading a chunk checks all of it, whichever columns are wanted.
      async () => readAll((await ChunkReader.open({ storage, prefix: tableKey }, ready.rows)).all(new Set())),
      means,
    )),
  ];
}

async function checkSchema(storage: Storage, key: string, { schema }: ReadyTable): Promise<void> {
  const bytes = await storage.read(key);
  if (bytes === null) throw corrupt(`${key} is missing`);
  if (createHash('sha256').update(bytes).digest('hex') !== schema.sha256) {
    throw corrupt(`${key} is not what was written: its SHA-256 differs`);
  }
}

/** null: it was removed since it was listed, or is not there yet. */
async function documentAt<T>(storage: Storage, key: string, shape: Shape<T>): Promise<T | null> {
  const bytes = await storage.read(key);
  return bytes && decodeDocument(bytes, key, shape);
}

/** Reading to the end checks the digests. */
async function readAll(pieces: AsyncIterable<unknown>): Promise<void> {
  const iterator = pieces[Symbol.asyncIterator]();
  while (!(await iterator.next()).done);
}

function corrupt(problem: string): TrainyardError {
  return new TrainyardError('DATASET_CORRUPT', `${problem}.`);
}
