/** Kills everything while a dataset is uploaded and while it is read. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { createDatasetVersions } from '../../../src/data/versions/dataset-versions.js';
import type { Storage } from '../../../src/storage/storage.js';
import type { Cluster } from '../cluster.js';
import type { Moment } from '../moments.js';

export interface DatasetFile {
  /** In the order in which they are sent. */
  pieces: readonly Buffer[];
}

/** More than one part of an upload, and some seconds of reading. */
export function largeTable(): DatasetFile {
  const pieces = ['id,amount,city,when,churned\n'];
  for (let piece = 0; piece < 16; piece++) {
    let text = '';
    for (let row = piece * 20_000; row < (piece + 1) * 20_000; row++) {
      const day = String(1 + (row % 28)).padStart(2, '0');
      text += `${row},${(row * 7919) % 100_003},city ${row % 211},2024-03-${day},${row % 3 === 0 ? 'yes' : 'no'}\n`;
    }
    pieces.push(text);
  }
  return { pieces: pieces.map((text) => Buffer.from(text)) };
}

/** `beforeTheEnd` is awaited when only the last piece is left to be sent. */
export async function upload(
  { api }: Cluster,
  name: string,
  { pieces }: DatasetFile,
  beforeTheEnd: () => Promise<void> = () => Promise.resolve(),
): Promise<{ status: number; version: number }> {
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (sent === pieces.length - 1) await beforeTheEnd();
      const piece = pieces.at(sent++);
      if (piece === undefined) controller.close();
      else controller.enqueue(piece);
    },
  });
  const url = `${api.service().url}/v1/datasets?name=${name}&target=churned`;
  const answer = await fetch(url, { method: 'POST', body, duplex: 'half' });
  const { version } = (await answer.json()) as { version: number };
  return { status: answer.status, version };
}

/** Everything dies when a part of the file is stored. */
export async function killWhileUploading(cluster: Cluster, name: string, file: DatasetFile): Promise<void> {
  const { storage } = cluster;
  const before = (await storage.list('uploads')).length;
  const cutOff = upload(cluster, name, file, async () => {
    while ((await storage.list('uploads')).length === before) await sleep(20);
    await killAll(cluster);
  });
  await expect(cutOff).rejects.toThrow();
  await startAll(cluster);
  const answer = await fetch(`${cluster.api.service().url}/v1/datasets/${name}`);
  expect(answer.status, 'a dataset of which not all has arrived').toBe(404);
}

/** Everything dies at these moments of reading; a moment that comes too late is left out. @returns how often it died */
export async function killWhileReading(cluster: Cluster, name: string, moments: Moment[]): Promise<number> {
  const versions = createDatasetVersions(cluster.storage);
  const { upload: id } = await versions.find(name);
  for (const [kills, { delayMs }] of moments.entries()) {
    while ((await cluster.storage.list(`uploads/${id}/attempts`)).length <= kills) {
      if ((await versions.readResult(id)) !== null) return kills;
      await sleep(20);
    }
    await sleep(delayMs);
    const wasRead = (await versions.readResult(id)) !== null;
    await killAll(cluster);
    await startAll(cluster);
    if (wasRead) return kills;
  }
  return moments.length;
}

/** What became of the newest version, once it has been read. */
export async function outcomeOfDataset(storage: Storage, name: string): Promise<Record<string, string>> {
  const versions = createDatasetVersions(storage);
  const { upload: id } = await versions.find(name);
  while ((await versions.readResult(id)) === null) await sleep(50);
  expect(await versions.readResult(id)).toMatchObject({ kind: 'table' });
  const outcome: Record<string, string> = {};
  for (const key of ['schema.json', 'table/chunks.json', ...(await rowsOf(storage, id))]) {
    const content = await storage.read(`uploads/${id}/${key}`);
    outcome[key] = content === null ? 'missing' : createHash('sha256').update(content).digest('hex');
  }
  return outcome;
}

async function rowsOf(storage: Storage, id: string): Promise<string[]> {
  return (await storage.list(`uploads/${id}/table/rows`)).map((chunk) => `table/rows/${chunk}`);
}

async function killAll({ members }: Cluster): Promise<void> {
  await Promise.all(members.map((member) => member.end('SIGKILL')));
}

async function startAll({ members }: Cluster): Promise<void> {
  await Promise.all(members.map((member) => member.start()));
}
