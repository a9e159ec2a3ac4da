/** A data folder that takes no more: its disk is full, or has become read-only. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { JobList } from '../../../src/jobs/runs/documents.js';
import { listCheckpoints, readCheckpoint } from '../../../src/model/files/checkpoint.js';
import { jobWhen } from '../../service/service.js';
import type { Cluster } from '../cluster.js';
import { inWords, type Moment } from '../moments.js';
import { trainerAt } from '../progress.js';
import type { SmallDisk } from '../../storage/small-disk.js';
import type { Run, Trial } from '../trial.js';

export interface StorageFault {
  fault: string;
  /** What the log says, and whoever asks for a job is told with this status. */
  code: 'STORAGE_FULL' | 'STORAGE_UNAVAILABLE';
  status: number;
  /** Whether there is room for an event that says so. */
  isTold: boolean;
  /** Once more does no harm. */
  begin: (disk: SmallDisk) => Promise<void>;
  /** Once the run waits. */
  worsen: (disk: SmallDisk) => Promise<void>;
  end: (disk: SmallDisk) => Promise<void>;
}

export const fullDisk: StorageFault = {
  fault: 'the disk is full',
  code: 'STORAGE_FULL',
  status: 507,
  isTold: true,
  begin: (disk) => disk.fill(2),
  worsen: (disk) => disk.fill(0),
  end: (disk) => disk.empty(),
};

/** Not for the embedded queue, whose files are always open: no disk becomes read-only under them. */
export const readOnlyDisk: StorageFault = {
  fault: 'the disk is read-only',
  code: 'STORAGE_UNAVAILABLE',
  status: 503,
  isTold: false,
  begin: (disk) => disk.setWritable(false),
  worsen: () => Promise.resolve(),
  end: (disk) => disk.setWritable(true),
};

/** The run waits, nothing of it is damaged and nothing new is taken in, until the disk is as it was. */
export async function strikeStorageAt(
  { cluster, struck }: Trial,
  { id, reference }: Run,
  moment: Moment,
  disk: SmallDisk,
  { fault, code, status, isTold, begin, worsen, end }: StorageFault,
): Promise<void> {
  const trainer = await trainerAt(cluster, id, moment);
  if (trainer === null) throw new Error(`${id} ended before its disk could fail`);
  const service = cluster.api.service();
  const jobsBefore = await idsShown(cluster);
  struck(`${fault}, ${inWords(id, moment)}`);
  while (!service.log.some((line) => line.job === id && line.code === code)) {
    // Again, as a checkpoint that is removed makes room for another.
    await begin(disk);
    await sleep(20);
  }
  if (isTold) await jobWhen(service, id, ({ last_error: error }) => error?.code === code);
  cluster.note(`${id} waits`);
  await worsen(disk);

  await expectWholeCheckpoints(cluster, id);
  const answer = await service.http.post('/v1/jobs').send(reference.request);
  expect({ status: answer.status, body: answer.body as unknown }, 'the answer to a job').toMatchObject({
    status,
    body: { code },
  });
  expect(await idsShown(cluster), 'the jobs').toEqual(jobsBefore);
  await end(disk);
  cluster.note('the disk is as it was');
}

async function expectWholeCheckpoints({ storage, store }: Cluster, runId: string): Promise<void> {
  const prefix = store.checkpointsOf(runId);
  for (const { step } of await listCheckpoints(storage, prefix)) {
    expect(await readCheckpoint(storage, prefix, step), `the checkpoint at step ${step}`).not.toBeNull();
  }
}

async function idsShown({ api }: Cluster): Promise<string[]> {
  const answer = await api.service().http.get('/v1/jobs').expect(200);
  return (answer.body as JobList).data.map(({ id }) => id);
}
