/** The records of a job: its curve, its checkpoints and the calls of its webhook. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { JobQueries } from '../../jobs/views/job-queries.js';
import {
  CheckpointList,
  MetricsList,
  MetricsQuery,
  WebhookDeliveryList,
  WebhookDelivery,
  Checkpoint,
} from './record-schemas.js';
import { JobParams } from './job-schemas.js';

export const recordComponents = [
  Checkpoint,
  CheckpointList,
  MetricsList,
  WebhookDelivery,
  WebhookDeliveryList,
];

export interface JobRecordDeps {
  jobs: JobQueries;
  /** In the order in which they were made. Empty for a job without a webhook. */
  webhookDeliveries: { list(jobId: string): Promise<WebhookDelivery[]> };
}

export const jobRecordRoutes: FastifyPluginCallbackTypebox<JobRecordDeps> = (
  app,
  { jobs, webhookDeliveries },
  done,
) => {
  app.get(
    '/v1/jobs/:id/metrics',
    {
      schema: {
        operationId: 'listJobMetrics',
        tags: ['jobs'],
        summary: 'Get the curve of a job',
        description:
          'The metrics of each finished epoch. A curve with more than `max_points` epochs is thinned.',
        params: JobParams,
        querystring: MetricsQuery,
        response: { 200: MetricsList.ref },
      },
      config: { access: 'train', problems: ['JOB_NOT_FOUND', 'RUN_CORRUPT'] },
    },
    ({ params: { id }, query: { max_points: maxPoints = 500 } }) => jobs.metrics(id, { maxPoints }),
  );

  app.get(
    '/v1/jobs/:id/checkpoints',
    {
      schema: {
        operationId: 'listJobCheckpoints',
        tags: ['jobs'],
        summary: 'List the checkpoints of a job, newest first',
        description: 'The newest `spec.checkpoint.keep` checkpoints, and the best one.',
        params: JobParams,
        response: { 200: CheckpointList.ref },
      },
      config: { access: 'train', problems: ['JOB_NOT_FOUND', 'RUN_CORRUPT'] },
    },
    ({ params: { id } }) => jobs.checkpoints(id),
  );

  app.get(
    '/v1/jobs/:id/webhook-deliveries',
    {
      schema: {
        operationId: 'listJobWebhookDeliveries',
        tags: ['jobs'],
        summary: "List the calls of a job's webhook",
        description:
          'Every attempt, with the answer to it and the time of the next attempt, if there is one.',
        params: JobParams,
        response: { 200: WebhookDeliveryList.ref },
      },
      config: { access: 'train', problems: ['JOB_NOT_FOUND', 'RUN_CORRUPT'] },
    },
    async ({ params: { id } }) => {
      await jobs.get(id);
      return { object: 'list' as const, data: await webhookDeliveries.list(id), has_more: false };
    },
  );

  done();
};
