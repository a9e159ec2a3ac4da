/** Opens what takes sweeps in, shows them and takes them further. */
import { checkJobRequest } from '../api/sweeps/check-job-request.js';
import { createIdempotencyKeys } from '../jobs/intake/idempotency.js';
import { createSweepStore } from '../jobs/sweeps/sweep-store.js';
import { createSweeps, type Sweeps } from '../jobs/sweeps/sweeps.js';
import type { Logger } from '../lib/log.js';
import type { Jobs } from './jobs.js';
import type { Runs } from './runs.js';

export function openSweeps(
  { storage, store: runStore, reader: runs }: Pick<Runs, 'storage' | 'store' | 'reader'>,
  { producer, lifecycle }: Pick<Jobs, 'producer' | 'lifecycle'>,
  options: {
    log: Logger;
    /** Between two looks at what has become of the trials. */
    lookEveryMs?: number;
  },
): Sweeps {
  const { log, lookEveryMs } = options;
  return createSweeps({
    store: createSweepStore(storage),
    runs,
    runStore,
    producer,
    lifecycle,
    idempotencyKeys: createIdempotencyKeys(storage),
    checkRequest: checkJobRequest,
    log,
    ...(lookEveryMs !== undefined && { advanceEveryMs: lookEveryMs }),
  });
}
