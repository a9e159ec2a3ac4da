/** What Prometheus scrapes. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { PrometheusMetrics } from '../../telemetry/prometheus.js';
import { anyQuery } from '../plugins/query-strings.js';
import { PrometheusText } from './prometheus-schema.js';

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
        summary: 'The metrics of this process',
        description:
          'For Prometheus, in its text format 0.0.4. While the queue does not answer, `trainyard_queue_up` is 0 and what is ' +
          'known only to the queue is left out.',
        querystring: anyQuery,
        response: {
          200: {
            description: 'Every metric, as of now.',
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
