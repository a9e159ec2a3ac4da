/** A store of datasets whose process may die at any of its writes. */
import { pino } from 'pino';
import { createDatasetStore } from '../../../src/data/store.js';
import { createDatasetVersions } from '../../../src/data/versions/dataset-versions.js';
import type { FileName } from '../../../src/data/versions/documents.js';
import { takeIn } from '../../../src/data/versions/take-in.js';
import { createUploads, type UploadDescription } from '../../../src/data/versions/uploads.js';
import type { Storage } from '../../../src/storage/storage.js';

const silent = pino({ level: 'silent' });

export const churn = 'age,city,churned\n31,Oslo,no\n47,Bergen,yes\n28,Oslo,no\n55,Bergen,yes\n';

export class Killed extends Error {}

/** Fails for good at the write of that number, from 0, as for a process that is killed just before it. */
export function killedAt(storage: Storage, write: number): Storage {
  let writes = 0;
  const counted =
    <Given extends unknown[], Done>(act: (...given: Given) => Promise<Done>) =>
    async (...given: Given): Promise<Done> => {
      if (writes++ >= write) throw new Killed(`killed before write ${write}`);
      return act(...given);
    };
  return {
    ...storage,
    put: counted((key, content) => storage.put(key, content)),
    create: counted((key, content) => storage.create(key, content)),
    append: counted((key, content) => storage.append(key, content)),
    move: counted((from, to) => storage.move(from, to)),
    remove: counted((key) => storage.remove(key)),
  };
}

/** One process on the storage. */
export function openScene(storage: Storage, { now = () => new Date(), maxBytes = 2 ** 20 } = {}) {
  const queue = new Map<string, string>();
  const versions = createDatasetVersions(storage);
  const options = {
    storage,
    versions,
    queue: {
      add: (id: string) => Promise.resolve(void queue.set(id, 'waiting')),
      placeOf: (id: string) => Promise.resolve(queue.get(id) ?? null),
    },
    maxBytes,
    log: silent,
    now,
  };
  const uploads = createUploads(options);

  async function upload(
    files: Partial<Record<FileName, string | Uint8Array>>,
    { name = 'churn', target = ['churned'], options = {} }: Partial<UploadDescription> = {},
  ): Promise<{ version: number; isNew: boolean }> {
    const arriving = uploads.begin();
    try {
      for (const [file, content] of Object.entries(files)) {
        await arriving.store(file as FileName, inPieces(Buffer.from(content)));
      }
    } catch (error) {
      await arriving.discard();
      throw error;
    }
    return arriving.finish({ name, target, options });
  }

  return {
    storage,
    queue,
    versions,
    uploads,
    upload,
    store: createDatasetStore(storage),
    /** Reads all that the queue has. */
    async readAll(): Promise<void> {
      for (const id of queue.keys()) {
        await takeIn(storage, id, { mostIdxBytes: 2 ** 20 });
        queue.delete(id);
      }
    },
    /** Looks once for what is lost or left over. */
    async searchLeftovers(): Promise<void> {
      const process = createUploads(options);
      await process.start();
      await process.stop();
    },
  };
}

async function* inPieces(content: Buffer): AsyncGenerator<Buffer> {
  for (let start = 0; start < content.length; start += 7) {
    yield await Promise.resolve(content.subarray(start, start + 7));
  }
}

/** All keys under the prefix, sorted. */
export async function keysUnder(storage: Storage, prefix: string): Promise<string[]> {
  const names = await storage.list(prefix);
  const found = await Promise.all(
    names.map(async (name) => {
      const key = `${prefix}/${name}`;
      const under = await keysUnder(storage, key);
      if (under.length > 0) return under;
      return (await storage.read(key)) === null ? [] : [key];
    }),
  );
  return found.flat();
}
