/** GET /v1/system: what an operator wants to know of the process that answers, all of it cheap to find out. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { JobStatus } from '../../jobs/runs/run-events.js';
import { withTimeout } from '../../lib/timeout.js';
import type { ModelServer } from '../../model/serving/model-server.js';
import { productVersion } from '../openapi/product-version.js';
import { checkFailure, modelWarnings, type Check } from './readiness.js';
import { System } from './system-schemas.js';

export const systemComponents = [System];

/** What the process was started with. */
export interface Installation {
  role: 'all' | 'api' | 'worker';
  startedAt: Date;
  /** That one training may use. */
  threads: number;
  queue: {
    description: string;
    counts: () => Promise<{ queue: string; waiting: number; active: number; workers: number | null }[]>;
  };
  storage: {
    description: string;
    /** null: it is not known. */
    space: () => Promise<{ freeBytes: number; sizeBytes: number } | null>;
  };
  engines: readonly { name: string; installed: boolean; reason: string | null }[];
  /** The engine that predicts, and what it runs on. */
  predictsWith: { name: string; device: string };
  hasQueueBoard: boolean;
}

export interface SystemDeps {
  installation: Installation;
  countJobs: () => Promise<{ byStatus: Partial<Record<JobStatus, number>>; damaged: number }>;
  countDatasets: () => Promise<number>;
  modelServer: Pick<ModelServer, 'status'>;
  checks: Record<string, Check>;
}

/** The queue may be away; the rest is shown then. */
const queueAnswersWithinMs = 2_000;

export const systemRoutes: FastifyPluginCallbackTypebox<SystemDeps> = (app, deps, done) => {
  const { installation, modelServer, checks } = deps;

  app.get(
    '/v1/system',
    {
      config: { access: 'admin', problems: ['STORAGE_UNAVAILABLE'] },
      schema: {
        operationId: 'getSystem',
        tags: ['health'],
        summary: 'Show what the service runs on',
        description:
          'Version, queues, engines, storage and counts, and every check of `/health/ready` with its reason. Each ' +
          'process answers for itself: the engines are those of the process that answers.',
        response: { 200: System.ref },
      },
    },
    async () => {
      const [queues, space, jobs, datasets, outcomes] = await Promise.all([
        queuesOf(installation),
        installation.storage.space().catch(() => null),
        deps.countJobs(),
        deps.countDatasets(),
        outcomesOf(checks),
      ]);
      const models = modelServer.status();
      return {
        object: 'system' as const,
        version: productVersion,
        node: process.version,
        role: installation.role,
        started_at: installation.startedAt.toISOString(),
        threads: installation.threads,
        memory_bytes: process.memoryUsage.rss(),
        queue: { place: installation.queue.description, queues },
        engines: enginesOf(installation),
        storage: {
          place: installation.storage.description,
          free_bytes: space?.freeBytes ?? null,
          size_bytes: space?.sizeBytes ?? null,
        },
        jobs: jobs.byStatus,
        damaged_jobs: jobs.damaged,
        datasets,
        models: models.length,
        checks: outcomes,
        warnings: modelWarnings(models),
        queue_board: installation.hasQueueBoard,
      };
    },
  );

  done();
};

/** null: the queue does not answer. */
async function queuesOf({ queue }: Installation) {
  try {
    const found = await withTimeout(queueAnswersWithinMs, queue.counts());
    return found.map(({ queue: name, waiting, active, workers }) => ({ name, waiting, active, workers }));
  } catch {
    return null;
  }
}

function enginesOf({ engines, predictsWith }: Installation) {
  return engines.map((engine) => {
    const predicts = engine.name === predictsWith.name;
    return { ...engine, predicts, device: predicts ? predictsWith.device : null };
  });
}

function outcomesOf(checks: Record<string, Check>) {
  return Promise.all(
    Object.entries(checks).map(async ([name, check]) => {
      const failure = await checkFailure(check);
      return {
        name,
        status: failure ? ('failed' as const) : ('ok' as const),
        reason: failure?.message ?? null,
      };
    }),
  );
}
