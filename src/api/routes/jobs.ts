/** Jobs: taken in, looked at. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { JobView } from '../../jobs/job-view.js';
import type { Producer } from '../../jobs/producer.js';
import { JobRequest } from '../schemas/job-request.js';
import { Job, JobList, JobPage, JobParams, newJobExample } from '../schemas/job.js';

export interface JobDeps {
  producer: Pick<Producer, 'submit'>;
  jobs: JobView;
}

export const jobRoutes: FastifyPluginCallbackTypebox<JobDeps> = (app, { producer, jobs }, done) => {
  app.post(
    '/v1/jobs',
    {
      schema: {
        operationId: 'createJob',
        tags: ['jobs'],
        summary: 'Train a network',
        description:
          'Takes the job in and answers at once; the training goes on by itself. Follow it at the `Location`. When it has ' +
          'succeeded, `POST /predict` answers from what it has learnt. No body, or `{}`, is the classic MNIST network.',
        body: JobRequest.ref,
        response: {
          202: {
            description: 'The job was taken in.',
            headers: { Location: { type: 'string', description: 'Where the job can be looked at.' } },
            content: { 'application/json': { schema: Job.ref, example: newJobExample } },
          },
        },
      },
      config: { problems: ['DATASET_NOT_FOUND', 'ENGINE_UNAVAILABLE', 'NETWORK_TOO_LARGE'] },
      preValidation: (request, _reply, next) => {
        const body: unknown = request.body;
        if (body === undefined) request.body = {};
        next();
      },
    },
    async (request, reply) => {
      const job = await producer.submit(request.body);
      request.log.info({ job: job.id, model: job.model }, 'a job was taken in');
      return reply.code(202).header('location', `/v1/jobs/${job.id}`).send(job);
    },
  );

  app.get(
    '/v1/jobs',
    {
      schema: {
        operationId: 'listJobs',
        tags: ['jobs'],
        summary: 'List the jobs, newest first',
        description: 'For the next page, ask with `after` set to the id of the last job of this one.',
        querystring: JobPage,
        response: { 200: JobList.ref },
      },
      config: { problems: ['QUEUE_UNAVAILABLE'] },
    },
    ({ query: { after, limit = 20 } }) => jobs.list({ after, limit }),
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
      config: { problems: ['JOB_NOT_FOUND', 'QUEUE_UNAVAILABLE'] },
    },
    ({ params: { id } }) => jobs.get(id),
  );

  done();
};
