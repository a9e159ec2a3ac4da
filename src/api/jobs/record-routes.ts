/** The records of a job: its curve, its split, its checkpoints and the calls of its webhook. */
import { Readable } from 'node:stream';
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { JobQueries } from '../../jobs/views/job-queries.js';
import type { JobSplits } from '../../jobs/views/job-split.js';
import {
  CheckpointList,
  MetricsList,
  MetricsQuery,
  OutcomesList,
  OutcomesQuery,
  WebhookDeliveryList,
  WebhookDelivery,
  Checkpoint,
  SplitCsv,
} from './record-schemas.js';
import { JobParams } from './job-schemas.js';

export const recordComponents = [
  SplitCsv,
  Checkpoint,
  CheckpointList,
  MetricsList,
  OutcomesList,
  WebhookDelivery,
  WebhookDeliveryList,
];

export interface JobRecordDeps {
  jobs: JobQueries;
  splits: JobSplits;
  /** In the order in which they were made. Empty for a job without a webhook. */
  webhookDeliveries: { list(jobId: string): Promise<WebhookDelivery[]> };
}

export const jobRecordRoutes: FastifyPluginCallbackTypebox<JobRecordDeps> = (
  app,
  { jobs, splits, webhookDeliveries },
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
    ({ params: { id }, query: { max_points: maxPoints = 500, include } }) =>
      jobs.metrics(id, { maxPoints, withProgress: include === 'progress' }),
  );

  app.get(
    '/v1/jobs/:id/outcomes',
    {
      schema: {
        operationId: 'listJobOutcomes',
        tags: ['jobs'],
        summary: 'See how the mistakes change from epoch to epoch',
        description:
          'The confusion matrix of up to 32 classes, or how far values are off, over the validation rows, else the test ' +
          'rows. Recorded are all epochs up to the hundredth, 50 for each doubling after it, and the last.',
        params: JobParams,
        querystring: OutcomesQuery,
        response: { 200: OutcomesList.ref },
      },
      config: { access: 'train', problems: ['JOB_NOT_FOUND', 'RUN_CORRUPT'] },
    },
    ({ params: { id }, query: { after = 0, max_points: maxPoints = 200 } }) =>
      jobs.outcomes(id, { after, maxPoints }),
  );

  app.get(
    '/v1/jobs/:id/split',
    {
      schema: {
        operationId: 'downloadJobSplit',
        tags: ['jobs'],
        summary: 'Download which rows the job trains on, and which it validates and tests with',
        description:
          'A CSV file with a line for each row of the dataset, in the order of its file. It is the same whenever you ask. ' +
          'The rows of arrays are first those to train on and then those to test with.',
        params: JobParams,
        response: {
          200: {
            description: 'The split of each row.',
            headers: {
              'Content-Disposition': { type: 'string', description: 'A name for the file.' },
            },
            content: { 'text/csv': { schema: SplitCsv.ref } },
          },
        },
      },
      config: {
        access: 'train',
        problems: ['JOB_NOT_FOUND', 'RUN_CORRUPT', 'DATASET_NOT_FOUND', 'DATASET_CHANGED'],
      },
    },
    async ({ params: { id } }, reply) => {
      const lines = await splits.open(id);
      return reply
        .type('text/csv; charset=utf-8; header=present')
        .header('content-disposition', `attachment; filename="${id}-split.csv"`)
        .send(Readable.from(lines));
    },
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
