/**
 * The versions of uploaded datasets: numbering, lookup and removal. A version is content-addressed: the same content with
 * the same options is the same version, however often and by however many processes it is uploaded.
 */
import { TrainyardError } from '../../errors.js';
import type { Shape } from '../../lib/json-shape.js';
import { storedNamePattern } from '../../lib/stored-name.js';
import { nextNumber, numbersIn, removeNumbered } from '../../storage/numbered-blobs.js';
import { unreadableAs, type Storage } from '../../storage/storage.js';
import { mnistInfo } from '../builtin/mnist.js';
import {
  decodeDocument,
  encodeDocument,
  isUploadId,
  progressDocument,
  removedKey,
  resultDocument,
  uploadDocument,
  uploadKey,
  versionDocument,
  versionKey,
  type ProgressDocument,
  type ResultDocument,
  type UploadDocument,
  type VersionDocument,
} from './documents.js';

export interface StoredVersion extends VersionDocument {
  /** What was sent. */
  sent: UploadDocument;
  /** null: it is being read, or waits for that. */
  result: ResultDocument | null;
}

export interface DatasetVersions {
  /** Names that have a version, sorted; those after `after`, at most so many. */
  names(page?: { after?: string | undefined; atMost?: number }): Promise<string[]>;
  /** Ascending; [] for an unknown name. */
  numbers(name: string): Promise<number[]>;
  /**
   * By default the newest version.
   * @throws TrainyardError DATASET_NOT_FOUND, DATASET_VERSION_NOT_FOUND, DATASET_CORRUPT
   */
  find(name: string, version?: number): Promise<StoredVersion>;
  /** null: the version is not being read. */
  progress(version: VersionDocument): Promise<ProgressDocument | null>;
  /** The number of the version that this upload is, or that an earlier upload of the same is. */
  claim(id: string, sent: UploadDocument): Promise<{ version: number; isNew: boolean }>;
  /**
   * Removes the version, unless `isNeeded` says so once nobody can find it any more; it is then put back.
   * @returns whether it is removed
   * @throws TrainyardError DATASET_NOT_FOUND, DATASET_VERSION_NOT_FOUND
   */
  remove(name: string, version: number, isNeeded: () => Promise<boolean>): Promise<boolean>;
  /** null: it is not there, or not whole. @throws TrainyardError DATASET_CORRUPT */
  readUpload(id: string): Promise<UploadDocument | null>;
  /** null: not yet. @throws TrainyardError DATASET_CORRUPT */
  readResult(id: string): Promise<ResultDocument | null>;
  /** The version that is this upload; null: none. @throws TrainyardError DATASET_CORRUPT when a damaged one may be it */
  versionOf(id: string, name: string): Promise<VersionDocument | null>;
}

/** In an error. */
const namesShown = 10;

/** Uploads cannot have them. */
export const builtInNames: readonly string[] = [mnistInfo.name];

/** Documents that never change are kept, so that a look at many versions does not read them again. */
const keptDocuments = 5_000;

export function createDatasetVersions(blobs: Storage): DatasetVersions {
  const storage = unreadableAs('DATASET_CORRUPT', blobs);
  const kept = new Map<string, unknown>();

  async function read<T>(key: string, shape: Shape<T>): Promise<T | null> {
    const known = kept.get(key);
    if (known !== undefined) return known as T;
    const bytes = await storage.read(key);
    if (bytes === null) return null;
    const document = decodeDocument(bytes, key, shape);
    kept.set(key, document);
    for (const oldest of kept.keys()) {
      if (kept.size <= keptDocuments) break;
      kept.delete(oldest);
    }
    return document;
  }

  const readUpload = (id: string): Promise<UploadDocument | null> =>
    isUploadId(id) ? read(uploadKey(id, 'upload.json'), uploadDocument) : Promise.resolve(null);
  const readResult = (id: string): Promise<ResultDocument | null> =>
    read(uploadKey(id, 'result.json'), resultDocument);

  async function numbers(name: string): Promise<number[]> {
    if (!storedNamePattern.test(name)) return [];
    return numbersIn(await storage.list(`datasets/${name}/versions`));
  }

  /** The newest that passes the test, and what is wrong with those that could not be read. */
  async function search(
    name: string,
    test: (version: VersionDocument) => boolean,
  ): Promise<{ found: VersionDocument | null; damage: TrainyardError | null }> {
    let damage: TrainyardError | null = null;
    for (const number of (await numbers(name)).reverse()) {
      try {
        const document = await read(versionKey(name, number), versionDocument);
        if (document !== null && test(document)) return { found: document, damage };
      } catch (error) {
        if (!isDamage(error)) throw error;
        damage = error;
      }
    }
    return { found: null, damage };
  }

  async function require(name: string, version: number | undefined): Promise<number> {
    const known = await numbers(name);
    const found = version === undefined ? known.at(-1) : known.find((number) => number === version);
    if (found !== undefined) return found;
    if (version === undefined || known.length === 0)
      throw datasetNotFound(name, await names({ atMost: namesShown }));
    throw new TrainyardError(
      'DATASET_VERSION_NOT_FOUND',
      `The dataset ${name} has no version ${version}; it has ${known.join(', ')}.`,
      { pointer: '/dataset/version' },
    );
  }

  async function names({
    after = '',
    atMost = Infinity,
  }: { after?: string | undefined; atMost?: number } = {}): Promise<string[]> {
    const found: string[] = [];
    for (const name of await storage.list('datasets')) {
      if (found.length >= atMost) break;
      // Of a name whose versions were all removed, their numbers are left.
      if (name > after && (await numbers(name)).length > 0) found.push(name);
    }
    return found;
  }

  return {
    names,
    numbers,
    readUpload,
    readResult,

    async versionOf(id, name) {
      const { found, damage } = await search(name, ({ upload }) => upload === id);
      if (found === null && damage !== null) throw damage;
      return found;
    },

    async find(name, wanted) {
      const number = await require(name, wanted);
      const key = versionKey(name, number);
      const document = await read(key, versionDocument);
      const sent = document && (await readUpload(document.upload));
      if (!sent) {
        const problem = document === null ? key : uploadKey(document.upload, 'upload.json');
        const message = `${problem} is missing. Remove version ${number} of ${name}, and upload the file again.`;
        throw new TrainyardError('DATASET_CORRUPT', message);
      }
      return { ...document, sent, result: await readResult(document.upload) };
    },

    async progress({ upload }) {
      const key = uploadKey(upload, 'progress.json');
      const bytes = await storage.read(key);
      return bytes && decodeDocument(bytes, key, progressDocument);
    },

    async claim(id, sent) {
      const { name, identity, created_at } = sent;
      await storage.put(uploadKey(id, 'upload.json'), encodeDocument(sent));
      for (;;) {
        const { found } = await search(name, (version) => version.identity === identity);
        // It is this upload where an earlier attempt to create it got no answer.
        if (found !== null) return { version: found.version, isNew: found.upload === id };
        // In this order: a version that is removed meanwhile is in one of the lists.
        const known = await numbers(name);
        const removed = numbersIn(await storage.list(`datasets/${name}/removed`));
        const version = nextNumber(known, removed);
        const document: VersionDocument = {
          format_version: 1,
          name,
          version,
          upload: id,
          identity,
          created_at,
        };
        if (await storage.create(versionKey(name, version), encodeDocument(document))) {
          return { version, isNew: true };
        }
      }
    },

    async remove(name, version, isNeeded) {
      await require(name, version);
      const key = versionKey(name, version);
      const removed = await removeNumbered(storage, { key, removedKey: removedKey(name, version) }, isNeeded);
      if (removed === 'needed') return false;
      const upload = removed && uploadOf(removed, key);
      // If this process dies here, or the document is damaged, the search for leftovers removes the upload.
      if (upload !== null) await storage.remove(`uploads/${upload}`);
      return true;
    },
  };
}

/** @param uploaded some of the names that there are besides the built-in ones */
export function datasetNotFound(name: string, uploaded: readonly string[]): TrainyardError {
  const shown = [...builtInNames, ...uploaded].join(', ') + (uploaded.length === namesShown ? ', …' : '');
  const message = `There is no dataset ${JSON.stringify(name.slice(0, 100))}; there are: ${shown}.`;
  return new TrainyardError('DATASET_NOT_FOUND', message, { pointer: '/dataset' });
}

function isDamage(error: unknown): error is TrainyardError {
  return error instanceof TrainyardError && error.code === 'DATASET_CORRUPT';
}

function uploadOf(bytes: Buffer, key: string): string | null {
  try {
    const { upload } = decodeDocument(bytes, key, versionDocument);
    return isUploadId(upload) ? upload : null;
  } catch {
    return null;
  }
}
