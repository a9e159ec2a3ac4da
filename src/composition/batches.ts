/** Opens what takes batches in, shows and changes them. */
import type { DatasetStore } from '../data/store.js';
import { createBatchStore } from '../jobs/batches/batch-store.js';
import { createBatches, type Batches } from '../jobs/batches/batches.js';
import type { IdQueue } from '../jobs/queue/queues.js';
import type { Logger } from '../lib/log.js';
import type { ModelServer } from '../model/serving/model-server.js';
import type { Storage } from '../storage/storage.js';

/** What takes batches in, shows and changes them. */
export function openBatches({
  storage,
  ...options
}: {
  storage: Storage;
  queue: Pick<IdQueue, 'add' | 'placeOf'>;
  datasets: Pick<DatasetStore, 'info'>;
  models: Pick<ModelServer, 'use'>;
  log: Logger;
  recoverEveryMs?: number;
}): Batches {
  return createBatches({ store: createBatchStore(storage), ...options });
}
