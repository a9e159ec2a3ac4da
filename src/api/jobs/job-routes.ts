/** Jobs: taken in, looked at, and what one may do with them. */
import { Optimizer } from './optimizer-schemas.js';
import { Network } from './training-schemas.js';
import Type from 'typebox';
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { ErrorCode } from '../../errors.js';
import type { JobQueries } from '../../jobs/views/job-queries.js';
import type { Lifecycle } from '../../jobs/intake/lifecycle.js';
import type { Producer } from '../../jobs/intake/producer.js';
import { basePathOf } from '../plugins/base-path.js';
import { JobRequest, JobRequestHeaders } from './request-schema.js';
import { Job, JobList, JobPage, JobParams, jobExamples } from './job-schemas.js';

export const jobComponents = [Job, JobList, JobRequest, Network, Optimizer];

export interface JobDeps {
  producer: Pick<Producer, 'submit'>;
  jobs: JobQueries;
  lifecycle: Lifecycle;
}

/** Of whatever changes a job. */
const writing: ErrorCode[] = ['STORAGE_FULL', 'STORAGE_UNAVAILABLE'];

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
          'Takes the job in and answers at once; the training goes on by itself. Follow it at the `Location`. When it has ' +
          'succeeded, `POST /predict` answers from what it has learnt. No body, or `{}`, is the classic MNIST network.\n\n' +
          'A request that may be sent twice, by a double click or by a retry after a lost answer, makes one job if both ' +
          'times it has the same `Idempotency-Key`.',
        headers: JobRequestHeaders,
        body: JobRequest.ref,
        response: {
          202: {
            description: 'The job was taken in, now or by an earlier request with the same key.',
            headers: {
              Location: { type: 'string', description: 'Where the job can be looked at.' },
              'Idempotency-Replayed': {
                type: 'string',
                enum: ['true'],
                description: 'Only where the job is that of an earlier request.',
              },
            },
            content: { 'application/json': { schema: Job.ref, example: jobExamples.new } },
          },
        },
      },
      config: {
        access: 'train',
        problems: [
          'IDEMPOTENCY_KEY_REUSED',
          'RUN_CORRUPT',
          'DATASET_NOT_FOUND',
          'ENGINE_UNAVAILABLE',
          'NETWORK_TOO_LARGE',
          'WEBHOOK_REFUSED',
          'WEBHOOKS_NOT_CONFIGURED',
          'QUEUE_FULL',
          ...writing,
        ],
      },
      preValidation: (request, _reply, next) => {
        const body: unknown = request.body;
        if (body === undefined) request.body = {};
        next();
      },
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

  app.get(
    '/v1/jobs',
    {
      config: { access: 'train', problems: ['STORAGE_UNAVAILABLE'] },
      schema: {
        operationId: 'listJobs',
        tags: ['jobs'],
        summary: 'List the jobs, newest first',
        description:
          'All of them, or those that every filter lets through. For the next page, ask with `after` set to the id of the ' +
          'last job of this one. Jobs whose files are damaged are left out.',
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
        summary: 'Look at a job',
        description: 'Its status, how far it has come, its metrics so far and, when it has ended, how.',
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
          'Its events, metrics and checkpoints go with it. The versions of the model that it published stay.',
        params: JobParams,
        response: { 204: Type.Null({ description: 'There is no such job any more.' }) },
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
          'Ends it at once, whether it waits, is paused or is being trained. Of a job that is cancelled already nothing ' +
          'changes.',
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
          'A job that is being trained checkpoints first, and loses nothing. It stays paused until it is resumed or ' +
          'cancelled.',
        params: JobParams,
        response: {
          200: {
            description: 'The job is paused.',
            content: { 'application/json': { schema: Job.ref, example: jobExamples.paused } },
          },
          202: {
            description: 'The job is still `running`, and will be paused when it has checkpointed.',
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
          'Puts it back in line; it goes on from its newest checkpoint. A job that is not paused is left as it is.',
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
