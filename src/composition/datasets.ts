/** Opens the datasets, and what takes uploads in. */
import { createDatasetStore, type DatasetStore } from '../data/store.js';
import { createDatasetVersions, type DatasetVersions } from '../data/versions/dataset-versions.js';
import { createUploads, type UploadQueue, type Uploads } from '../data/versions/uploads.js';
import type { Logger } from '../lib/log.js';
import type { Storage } from '../storage/storage.js';
import type { PrometheusMetrics } from '../telemetry/prometheus.js';
import type { Stop } from './stops.js';

/** The datasets, and what takes uploads in. */
export interface Datasets {
  store: DatasetStore;
  versions: DatasetVersions;
  uploads: Uploads;
  /** Finds the uploads that the queue has lost or that are left over, now and from time to time. */
  start: () => void;
  stop: Stop;
}

export function openDatasets(options: {
  storage: Storage;
  queue: UploadQueue;
  metrics: Pick<PrometheusMetrics, 'datasets'>;
  maxBytes: number;
  log: Logger;
  recoverEveryMs?: number;
}): Datasets {
  const { storage, metrics, ...given } = options;
  const versions = createDatasetVersions(storage);
  const uploads = createUploads({ storage, versions, onStored: metrics.datasets.uploaded, ...given });
  return {
    store: createDatasetStore(storage),
    versions,
    uploads,
    start() {
      // Not awaited: with many datasets the first search takes seconds.
      void uploads.start();
    },
    stop: () => uploads.stop(),
  };
}
