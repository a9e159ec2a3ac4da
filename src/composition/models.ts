/** Opens the published models, and the server that predicts with them. */
import {
  createInferenceStatistics,
  type InferenceStatistics,
} from '../api/predictions/inference-statistics.js';
import type { Logger } from '../lib/log.js';
import type { Engine } from '../model/engines/engine.js';
import { createAliases, type Aliases } from '../model/registry/aliases.js';
import { createRegistry, type Registry } from '../model/registry/registry.js';
import { createRetention, type Retention } from '../model/registry/retention.js';
import { CheckpointModels } from '../model/serving/checkpoint-models.js';
import { createModelServer, type ModelServer } from '../model/serving/model-server.js';
import type { BlobCache } from '../storage/blob-cache.js';
import type { Storage } from '../storage/storage.js';
import type { PrometheusMetrics } from '../telemetry/prometheus.js';
import type { Stop } from './stops.js';

/** The published models, and the server that predicts with them. */
export interface Models {
  registry: Registry;
  aliases: Aliases;
  retention: Retention;
  modelServer: ModelServer;
  /** Predict from the checkpoints of jobs. */
  checkpointModels: CheckpointModels;
  statistics: InferenceStatistics;
  /** Loads models and removes old versions, now and from time to time. */
  start: () => void;
  stop: Stop;
}

export function openModels(options: {
  storage: Storage;
  /** Keeps the files of versions nearer than a storage behind a network does. */
  cache?: BlobCache | null;
  engine: Engine;
  /** For all loaded versions together. */
  memoryBytes?: number;
  /** How many of the newest versions of each model stay. */
  keepVersions: number;
  metrics: Pick<PrometheusMetrics, 'predictions'>;
  log: Logger;
  /** Between two looks at what is published. */
  lookEveryMs?: number;
}): Models {
  const { storage, cache = null, keepVersions: keep, metrics, log, ...serving } = options;
  const { predictions } = metrics;
  const registry = createRegistry(storage, log, cache);
  const aliases = createAliases({ storage, registry });
  const retention = createRetention({ registry, aliases, keep, log });
  const statistics = createInferenceStatistics();
  const modelServer = createModelServer({
    registry,
    aliases,
    log,
    observe: {
      ...predictions,
      batch(model, samples, ms, version) {
        predictions.batch(model, samples, ms);
        statistics.batch(model, samples, ms, version);
      },
    },
    ...serving,
  });
  const checkpointModels = new CheckpointModels({
    engine: serving.engine,
    memoryBytes: serving.memoryBytes,
  });
  predictions.readServed(() => modelServer.status());
  predictions.readMemory(() => modelServer.sizeBytes());
  return {
    registry,
    aliases,
    retention,
    modelServer,
    checkpointModels,
    statistics,
    start() {
      // Not awaited: the service listens however many models there are, and readiness says when they can answer.
      void modelServer.start();
      void retention.start();
    },
    async stop() {
      await retention.stop();
      checkpointModels.clear();
      await modelServer.stop();
    },
  };
}
