/** The models in the checkpoints of a job, while it trains and afterwards. */
import type { Readable } from 'node:stream';
import { TrainyardError } from '../../errors.js';
import { findCheckpointModel } from '../../model/files/checkpoint.js';
import { verifyDigest, type FileDigest } from '../../model/files/manifest.js';
import { unreadableAs, type Storage } from '../../storage/storage.js';
import type { RunReader } from '../runs/run-reader.js';
import type { RunStore } from '../runs/run-store.js';
import { jobNotFound } from './run-to-job.js';

export interface CheckpointModel extends FileDigest {
  /** The name under which the job publishes. */
  model: string;
  jobId: string;
  step: number;
  /** The bytes of its file, or of a range of it that includes both ends. @throws TrainyardError CHECKPOINT_NOT_FOUND */
  open(range?: { start: number; end: number }): Promise<Readable>;
  /** The file, as it was written. @throws TrainyardError CHECKPOINT_NOT_FOUND, CHECKPOINT_CORRUPT */
  read(): Promise<Buffer>;
}

export interface JobCheckpoints {
  /**
   * That of a step, or the newest. A job that goes on may remove it at any time.
   * @throws TrainyardError JOB_NOT_FOUND, CHECKPOINT_NOT_FOUND, RUN_CORRUPT
   */
  find(jobId: string, step: number | 'latest'): Promise<CheckpointModel>;
}

export function createJobCheckpoints({
  storage: blobs,
  store,
  runs,
}: {
  storage: Storage;
  store: Pick<RunStore, 'checkpointsOf'>;
  runs: Pick<RunReader, 'read'>;
}): JobCheckpoints {
  const storage = unreadableAs('CHECKPOINT_CORRUPT', blobs);
  return {
    async find(jobId, wanted) {
      const { spec, result } = (await runs.read(jobId)) ?? jobNotFound(jobId);
      const found = await findCheckpointModel(storage, store.checkpointsOf(jobId), wanted);
      if (found === null) throw checkpointNotFound(jobId, wanted, result === null);
      const { step, key, file } = found;
      const required = <Content>(content: Content | null): Content => {
        if (content === null) throw checkpointNotFound(jobId, step, result === null);
        return content;
      };
      return {
        ...file,
        model: spec.model,
        jobId,
        step,
        open: async (range) => required(await storage.open(key, range)),
        read: async () => verifyDigest(key, required(await storage.read(key)), file),
      };
    },
  };
}

function checkpointNotFound(jobId: string, step: number | 'latest', goesOn: boolean): TrainyardError {
  const message =
    step === 'latest'
      ? `The job ${jobId} has ${goesOn ? 'no checkpoint yet: try again in a second' : 'no checkpoint'}.`
      : `The job ${jobId} has no checkpoint of step ${step}; GET /v1/jobs/${jobId}/checkpoints lists those that are kept.`;
  return new TrainyardError('CHECKPOINT_NOT_FOUND', message);
}
