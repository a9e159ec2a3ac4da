/** What a worker serves: whether it is alive and ready, and its metrics. It takes no jobs and answers no predictions. */
import type { FastifyInstance } from 'fastify';
import { healthRoutes, type HealthDeps } from './operations/health.js';
import { metricsRoutes, type MetricsDeps } from './operations/prometheus.js';
import { createBaseApp, type BaseAppDeps } from './base-app.js';

export type WorkerAppDeps = BaseAppDeps & MetricsDeps & Pick<HealthDeps, 'checks'>;

export async function buildWorkerApp(deps: WorkerAppDeps): Promise<FastifyInstance> {
  const app = await createBaseApp(deps);
  await app.register(healthRoutes, { ...deps, modelServer: { status: () => [] } });
  await app.register(metricsRoutes, deps);
  return app;
}
