/** The metrics that Prometheus scrapes. */
import Type from 'typebox';
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { component } from '../../lib/named-schema.js';
import type { PrometheusMetrics } from '../../telemetry/prometheus.js';
import { anyQuery } from '../plugins/query-strings.js';

const example = `# HELP trainyard_jobs_total Jobs that have ended, by how they did.
# TYPE trainyard_jobs_total counter
trainyard_jobs_total{status="succeeded"} 3
trainyard_jobs_total{status="failed"} 0
trainyard_jobs_total{status="cancelled"} 0
`;

const PrometheusText = component(
  'PrometheusText',
  Type.String({ description: 'Prometheus’ text format.', examples: [example] }),
);

export const metricsComponents = [PrometheusText];

export interface MetricsDeps {
  metrics: Pick<PrometheusMetrics, 'render'>;
}

export const metricsRoutes: FastifyPluginCallbackTypebox<MetricsDeps> = (app, { metrics }, done) => {
  app.get(
    '/metrics',
    {
      // Scrapes come every few seconds.
      logLevel: 'warn',
      config: { access: 'any' },
      schema: {
        operationId: 'getMetrics',
        tags: ['health'],
        summary: 'Get the metrics of this process',
        description:
          'For Prometheus, in its text format 0.0.4. While the queue does not answer, `trainyard_queue_up` is 0 ' +
          'and the metrics that come from the queue are left out.',
        querystring: anyQuery,
        response: {
          200: {
            description: 'The current value of every metric.',
            content: { 'text/plain': { schema: PrometheusText.ref } },
          },
        },
      },
    },
    async (_request, reply) => {
      const { contentType, text } = await metrics.render();
      return reply.type(contentType).send(text);
    },
  );

  done();
};
