/** A data folder that refuses writes: its disk is full or read-only. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { JobList } from '../../../src/jobs/views/job.js';
import { listCheckpoints, readCheckpoint } from '../../../src/model/files/checkpoint.js';
import { jobWhen } from '../../service/service.js';
import type { Cluster } from '../cluster.js';
import { inWords, type Moment } from '../moments.js';
import { trainerAt } from '../progress.js';
import type { SmallDisk } from '../../storage/small-disk.js';
import type { Run, Trial } from '../trial.js';

export interface StorageFault {
  fault: string;
  /** The code in the log and in the answer to a new job, and the status of the answer. */
  code: 'STORAGE_FULL' | 'STORAGE_UNAVAILABLE';
  status: number;
  /** Whether there is room for an event about the fault. */
  hasRoomForEvent: boolean;
  /** May be called more than once. */
  begin: (disk: SmallDisk) => Promise<void>;
  /** Called once the run waits. */
  worsen: (disk: SmallDisk) => Promise<void>;
  end: (disk: SmallDisk) => Promise<void>;
}

export const fullDisk: StorageFault = {
  fault: 'the disk is full',
  code: 'STORAGE_FULL',
  status: 507,
  hasRoomForEvent: true,
  begin: (disk) => disk.fill(2),
  worsen: (disk) => disk.fill(0),
  end: (disk) => disk.empty(),
};

/**
 * Does not work with the embedded queue: its files are always open, and a disk with open files cannot become read-only.
 */
export const readOnlyDisk: StorageFault = {
  fault: 'the disk is read-only',
  code: 'STORAGE_UNAVAILABLE',
  status: 503,
  hasRoomForEvent: false,
  begin: (disk) => disk.setWritable(false),
  worsen: () => Promise.resolve(),
  end: (disk) => disk.setWritable(true),
};

/** The run waits, its checkpoints stay intact and no new job is accepted, until the disk works again. */
export async function strikeStorageAt(
  { cluster, struck }: Trial,
  { id, reference }: Run,
  moment: Moment,
  disk: SmallDisk,
  { fault, code, status, hasRoomForEvent, begin, worsen, end }: StorageFault,
): Promise<void> {
  const trainer = await trainerAt(cluster, id, moment);
  if (trainer === null) throw new Error(`${id} ended before its disk could fail`);
  const service = cluster.api.service();
  const jobsBefore = await idsShown(cluster);
  struck(`${fault}, ${inWords(id, moment)}`);
  while (!service.log.some((line) => line.job === id && line.code === code)) {
    // Repeated, because removing an old checkpoint makes room for another.
    await begin(disk);
    await sleep(20);
  }
  if (hasRoomForEvent) await jobWhen(service, id, ({ last_error: error }) => error?.code === code);
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
  cluster.note('the disk works again');
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
