/** Creates, lists, shows, cancels, pauses, resumes and deletes jobs. */
import { Optimizer } from './optimizer-schemas.js';
import { Network } from './training-schemas.js';
import Type from 'typebox';
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ErrorCode } from '../../errors.js';
import type { JobQueries } from '../../jobs/views/job-queries.js';
import type { Lifecycle } from '../../jobs/intake/lifecycle.js';
import type { Producer } from '../../jobs/intake/producer.js';
import { basePathOf } from '../plugins/base-path.js';
import { Evaluation, EvaluationSummary, SplitEvaluation } from './evaluation-schemas.js';
import { JobRequest, JobRequestHeaders } from './request-schema.js';
import { Job, JobList, JobPage, JobParams, JobPlan, jobExamples } from './job-schemas.js';

export const jobComponents = [
  Evaluation,
  EvaluationSummary,
  Job,
  JobList,
  JobPlan,
  JobRequest,
  Network,
  Optimizer,
  SplitEvaluation,
];

export interface JobDeps {
  producer: Pick<Producer, 'submit' | 'plan'>;
  jobs: JobQueries;
  lifecycle: Lifecycle;
}

/** The problems of every route that changes a job. */
const writing: ErrorCode[] = ['STORAGE_FULL', 'STORAGE_UNAVAILABLE'];

/** Why a request cannot be trained. */
export const jobRefusals: ErrorCode[] = [
  'DATASET_NOT_FOUND',
  'MODEL_NOT_FOUND',
  'VERSION_NOT_FOUND',
  'CHECKPOINT_CORRUPT',
  'ENGINE_UNAVAILABLE',
  'NETWORK_TOO_LARGE',
  'WEBHOOK_REFUSED',
  'WEBHOOKS_NOT_CONFIGURED',
];

function emptyBodyAsObject(request: FastifyRequest, _reply: FastifyReply, next: () => void): void {
  if (request.body === undefined) request.body = {};
  next();
}

export const jobRoutes: FastifyPluginCallbackTypebox<JobDeps> = (
  app,
  { producer, jobs, lifecycle },
  done,
) => {
  app.post(
    '/v1/jobs',
    {
      schema: {
        operationId: 'createJob',
        tags: ['jobs'],
        summary: 'Train a network',
        description:
          'Accepts the job and answers at once; the training runs in the background. Follow it at the `Location`. ' +
          'Once it has succeeded, `POST /predict` uses the trained network. Without a body, or with `{}`, it ' +
          'trains the classic MNIST network.\n\nA request may arrive twice, through a double click or a retry ' +
          'after a lost answer. With the same `Idempotency-Key` both times it makes one job.',
        headers: JobRequestHeaders,
        body: JobRequest.ref,
        response: {
          202: {
            description: 'The job was accepted, now or by an earlier request with the same key.',
            headers: {
              Location: { type: 'string', description: 'The URL of the job.' },
              'Idempotency-Replayed': {
                type: 'string',
                enum: ['true'],
                description: 'Only when an earlier request made the job.',
              },
            },
            content: { 'application/json': { schema: Job.ref, example: jobExamples.new } },
          },
        },
      },
      config: {
        access: 'train',
        problems: ['IDEMPOTENCY_KEY_REUSED', 'RUN_CORRUPT', 'QUEUE_FULL', ...jobRefusals, ...writing],
      },
      preValidation: emptyBodyAsObject,
    },
    async (request, reply) => {
      const { job, replayed } = await producer.submit(request.body, {
        idempotencyKey: request.headers['idempotency-key'],
        traceContext: request.traceContext,
      });
      if (replayed) reply.header('idempotency-replayed', 'true');
      else request.log.info({ job: job.id, model: job.model }, 'job submitted');
      return reply
        .code(202)
        .header('location', `${basePathOf(request, reply)}/v1/jobs/${job.id}`)
        .send(job);
    },
  );

  app.post(
    '/v1/jobs/plan',
    {
      schema: {
        operationId: 'planJob',
        tags: ['jobs'],
        summary: 'Show what a job would train',
        description:
          'Reads the same request as `POST /v1/jobs`, refuses it for the same reasons, and answers with what it would ' +
          'train: every default filled in, with the reasons for what was chosen. Nothing is stored.',
        body: JobRequest.ref,
        response: { 200: JobPlan.ref },
      },
      config: { access: 'train', problems: [...jobRefusals, 'STORAGE_UNAVAILABLE'] },
      preValidation: emptyBodyAsObject,
    },
    ({ body }) => producer.plan(body),
  );

  app.get(
    '/v1/jobs',
    {
      config: { access: 'train', problems: ['STORAGE_UNAVAILABLE'] },
      schema: {
        operationId: 'listJobs',
        tags: ['jobs'],
        summary: 'List the jobs, newest first',
        description:
          'All jobs, or those that match every filter. For the next page, send `after` with the id of the last ' +
          'job of this page. Jobs with damaged files are left out.',
        querystring: JobPage,
        response: { 200: JobList.ref },
      },
    },
    ({ query: { after, limit = 20, ...filter } }) => jobs.list({ after, limit, filter }),
  );

  app.get(
    '/v1/jobs/:id',
    {
      schema: {
        operationId: 'getJob',
        tags: ['jobs'],
        summary: 'Get a job',
        description: 'Its status, its progress, its metrics so far and, once it has ended, its outcome.',
        params: JobParams,
        response: { 200: Job.ref },
      },
      config: { access: 'train', problems: ['JOB_NOT_FOUND', 'RUN_CORRUPT', 'STORAGE_UNAVAILABLE'] },
    },
    ({ params: { id } }) => jobs.get(id),
  );

  app.delete(
    '/v1/jobs/:id',
    {
      schema: {
        operationId: 'deleteJob',
        tags: ['jobs'],
        summary: 'Delete a job that has ended or is damaged',
        description:
          'Its events, metrics and checkpoints are deleted with it. The versions that it published stay.',
        params: JobParams,
        response: { 204: Type.Null({ description: 'The job is deleted.' }) },
      },
      config: {
        access: 'train',
        problems: ['JOB_NOT_FOUND', 'JOB_NOT_ENDED', 'QUEUE_UNAVAILABLE', ...writing],
      },
    },
    async ({ params: { id }, log }, reply) => {
      await lifecycle.remove(id);
      log.info({ job: id }, 'job deleted');
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/v1/jobs/:id/cancel',
    {
      schema: {
        operationId: 'cancelJob',
        tags: ['jobs'],
        summary: 'Cancel a job',
        description:
          'Ends the job at once, whether it waits, is paused or is training. Cancelling it again changes nothing.',
        params: JobParams,
        response: {
          200: {
            description: 'The job is cancelled.',
            content: { 'application/json': { schema: Job.ref, example: jobExamples.cancelled } },
          },
        },
      },
      config: {
        access: 'train',
        problems: ['JOB_NOT_FOUND', 'RUN_CORRUPT', 'JOB_ENDED', 'JOB_FINISHING', ...writing],
      },
    },
    ({ params: { id } }) => lifecycle.cancel(id),
  );

  app.post(
    '/v1/jobs/:id/pause',
    {
      schema: {
        operationId: 'pauseJob',
        tags: ['jobs'],
        summary: 'Pause a job',
        description:
          'A training job checkpoints first and loses no progress. It stays paused until it is resumed or ' +
          'cancelled.',
        params: JobParams,
        response: {
          200: {
            description: 'The job is paused.',
            content: { 'application/json': { schema: Job.ref, example: jobExamples.paused } },
          },
          202: {
            description: 'The job is still `running`, and will be paused once it has checkpointed.',
            content: { 'application/json': { schema: Job.ref, example: jobExamples.running } },
          },
        },
      },
      config: { access: 'train', problems: ['JOB_NOT_FOUND', 'RUN_CORRUPT', 'JOB_ENDED', ...writing] },
    },
    async ({ params: { id } }, reply) => {
      const job = await lifecycle.pause(id);
      return reply.code(job.status === 'running' ? 202 : 200).send(job);
    },
  );

  app.post(
    '/v1/jobs/:id/resume',
    {
      schema: {
        operationId: 'resumeJob',
        tags: ['jobs'],
        summary: 'Resume a paused job',
        description:
          'Puts the job back into the queue; it resumes from its newest checkpoint. A job that is not paused ' +
          'stays as it is.',
        params: JobParams,
        response: {
          200: {
            description: 'The job is not paused.',
            content: { 'application/json': { schema: Job.ref, example: jobExamples.resumed } },
          },
        },
      },
      config: { access: 'train', problems: ['JOB_NOT_FOUND', 'RUN_CORRUPT', 'JOB_ENDED', ...writing] },
    },
    ({ params: { id } }) => lifecycle.resume(id),
  );

  done();
};
