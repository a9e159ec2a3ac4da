/** Counts the predictions of each version since this process started, for the statistics that protocols answer. */
import type { FastifyInstance } from 'fastify';

/** How many times something was done, and how long it took in total. */
export interface Tally {
  count: number;
  ms: number;
}

export interface VersionStatistics {
  /** When it was last used, in milliseconds since the epoch; 0: never. */
  lastAskedAt: number;
  /** Samples that were answered. */
  samples: number;
  /** Requests, each from its arrival to the end of its answer. */
  success: Tally;
  fail: Tally;
  /** How long answered requests waited for their turn, and how long their batches took. */
  queue: Tally;
  inference: Tally;
  /** Calls of the engine, by the number of samples in each. */
  batches: Map<number, Tally>;
}

export interface InferenceStatistics {
  batch(model: string, samples: number, ms: number, version: number): void;
  answered(prediction: Answered, status: number, ms: number): void;
  /** The versions of a model that were used, ascending. */
  versionsOf(model: string): number[];
  /** All zero for a version that was not used. */
  of(model: string, version: number): Readonly<VersionStatistics>;
}

interface Answered {
  model: string;
  version: number;
  count: number;
  queueMs: number | null;
  inferenceMs: number | null;
}

export function createInferenceStatistics(now: () => number = Date.now): InferenceStatistics {
  const models = new Map<string, Map<number, VersionStatistics>>();

  function kept(model: string, version: number): VersionStatistics {
    const versions = models.get(model) ?? new Map<number, VersionStatistics>();
    const statistics = versions.get(version) ?? nothingYet();
    models.set(model, versions.set(version, statistics));
    return statistics;
  }

  return {
    batch(model, samples, ms, version) {
      const { batches } = kept(model, version);
      const tally = batches.get(samples) ?? { count: 0, ms: 0 };
      batches.set(samples, tally);
      add(tally, ms);
    },

    answered({ model, version, count, queueMs, inferenceMs }, status, ms) {
      const statistics = kept(model, version);
      statistics.lastAskedAt = now();
      if (status >= 400) {
        add(statistics.fail, ms);
        return;
      }
      statistics.samples += count;
      add(statistics.success, ms);
      add(statistics.queue, queueMs ?? 0);
      add(statistics.inference, inferenceMs ?? 0);
    },

    versionsOf: (model) => [...(models.get(model)?.keys() ?? [])].sort((a, b) => a - b),

    of: (model, version) => models.get(model)?.get(version) ?? nothingYet(),
  };
}

/** Counts the answers of the prediction routes. */
export function useInferenceStatistics(
  app: FastifyInstance,
  statistics: Pick<InferenceStatistics, 'answered'>,
): void {
  app.addHook('onRoute', (route) => {
    if (route.config?.predicts !== true) return;
    route.onResponse = [
      ...[route.onResponse ?? []].flat(),
      (request, reply, done) => {
        if (request.prediction) statistics.answered(request.prediction, reply.statusCode, reply.elapsedTime);
        done();
      },
    ];
  });
}

function nothingYet(): VersionStatistics {
  const none = (): Tally => ({ count: 0, ms: 0 });
  return {
    lastAskedAt: 0,
    samples: 0,
    success: none(),
    fail: none(),
    queue: none(),
    inference: none(),
    batches: new Map(),
  };
}

function add(tally: Tally, ms: number): void {
  tally.count++;
  tally.ms += ms;
}
