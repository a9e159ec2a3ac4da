/** The app of a worker: its health and its metrics. It takes no jobs and makes no predictions. */
import type { FastifyInstance } from 'fastify';
import { createBaseApp, type BaseAppDeps } from './base-app.js';
import { healthComponents, healthRoutes, type HealthDeps } from './operations/health-routes.js';
import { metricsComponents, metricsRoutes, type MetricsDeps } from './operations/metrics-route.js';
import { SchemaCompiler } from './plugins/schema-compiler.js';

export type WorkerAppDeps = BaseAppDeps & MetricsDeps & Pick<HealthDeps, 'checks'>;

export async function buildWorkerApp(deps: WorkerAppDeps): Promise<FastifyInstance> {
  const app = await createBaseApp(deps, new SchemaCompiler([...healthComponents, ...metricsComponents]));
  await app.register(healthRoutes, { ...deps, modelServer: { status: () => [] } });
  await app.register(metricsRoutes, deps);
  return app;
}
