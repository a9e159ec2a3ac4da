/** Creates, lists, shows, changes, pauses, resumes, cancels and deletes sweeps, and lists their trials. */
import Type from 'typebox';
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ErrorCode } from '../../errors.js';
import type { Sweeps } from '../../jobs/sweeps/sweeps.js';
import { JobRequestHeaders } from '../jobs/request-schema.js';
import { jobRefusals } from '../jobs/job-routes.js';
import { basePathOf } from '../plugins/base-path.js';
import {
  Sweep,
  SweepBudget,
  sweepExamples,
  SweepImportance,
  SweepList,
  SweepPage,
  SweepParams,
  SweepRequest,
  Trial,
  TrialList,
  TrialPage,
} from './sweep-schemas.js';

export const sweepComponents = [
  Sweep,
  SweepBudget,
  SweepImportance,
  SweepList,
  SweepRequest,
  Trial,
  TrialList,
];

export interface SweepDeps {
  sweeps: Omit<Sweeps, 'start' | 'stop'>;
}

/** The problems of every route that changes a sweep. */
const writing: ErrorCode[] = ['STORAGE_FULL', 'STORAGE_UNAVAILABLE'];
const reading: ErrorCode[] = ['SWEEP_NOT_FOUND', 'SWEEP_CORRUPT', 'STORAGE_UNAVAILABLE'];
const changing: ErrorCode[] = ['SWEEP_NOT_FOUND', 'SWEEP_CORRUPT', 'SWEEP_ENDED', ...writing];

function emptyBodyAsObject(request: FastifyRequest, _reply: FastifyReply, next: () => void): void {
  if (request.body === undefined) request.body = {};
  next();
}

export const sweepRoutes: FastifyPluginCallbackTypebox<SweepDeps> = (app, { sweeps }, done) => {
  app.post(
    '/v1/sweeps',
    {
      schema: {
        operationId: 'createSweep',
        tags: ['sweeps'],
        summary: 'Search for the best values of fields of a job',
        description:
          'Accepts the sweep and answers at once. Its trials are jobs of low priority that publish nothing; they differ by the ' +
          '`parameters`, and are compared by the validation split. At the end the best one is trained again and published as ' +
          'the job says, so that the test split is looked at once. A space with values that no job takes is refused.\n\n' +
          'With the same `Idempotency-Key`, a repeated request makes one sweep.',
        headers: JobRequestHeaders,
        body: SweepRequest.ref,
        response: {
          202: {
            description: 'The sweep was accepted, now or by an earlier request with the same key.',
            headers: {
              Location: { type: 'string', description: 'The URL of the sweep.' },
              'Idempotency-Replayed': {
                type: 'string',
                enum: ['true'],
                description: 'Only when an earlier request made the sweep.',
              },
            },
            content: { 'application/json': { schema: Sweep.ref, example: sweepExamples.new } },
          },
        },
      },
      config: {
        access: 'train',
        problems: ['IDEMPOTENCY_KEY_REUSED', 'SWEEP_CORRUPT', ...jobRefusals, ...writing],
      },
      preValidation: emptyBodyAsObject,
    },
    async (request, reply) => {
      const { sweep, replayed } = await sweeps.submit(request.body, {
        idempotencyKey: request.headers['idempotency-key'],
      });
      if (replayed) reply.header('idempotency-replayed', 'true');
      else request.log.info({ sweep: sweep.id, model: sweep.model }, 'sweep submitted');
      return reply
        .code(202)
        .header('location', `${basePathOf(request, reply)}/v1/sweeps/${sweep.id}`)
        .send(sweep);
    },
  );

  app.get(
    '/v1/sweeps',
    {
      config: { access: 'train', problems: ['STORAGE_UNAVAILABLE'] },
      schema: {
        operationId: 'listSweeps',
        tags: ['sweeps'],
        summary: 'List the sweeps, newest first',
        description:
          'For the next page, send `after` with the id of the last sweep of this page. Sweeps with damaged files are left out.',
        querystring: SweepPage,
        response: { 200: SweepList.ref },
      },
    },
    ({ query: { after, limit = 20 } }) => sweeps.list({ after, limit }),
  );

  app.get(
    '/v1/sweeps/:id',
    {
      config: { access: 'train', problems: reading },
      schema: {
        operationId: 'getSweep',
        tags: ['sweeps'],
        summary: 'Get a sweep',
        description:
          'Its status, how many trials there are, the best one so far and, once it has ended, its outcome.',
        params: SweepParams,
        response: { 200: Sweep.ref },
      },
    },
    ({ params: { id } }) => sweeps.get(id),
  );

  app.get(
    '/v1/sweeps/:id/trials',
    {
      config: { access: 'train', problems: reading },
      schema: {
        operationId: 'listTrials',
        tags: ['sweeps'],
        summary: 'List the trials of a sweep, in order',
        description: 'For the next page, send `after` with the number of the last trial of this page.',
        params: SweepParams,
        querystring: TrialPage,
        response: { 200: TrialList.ref },
      },
    },
    ({ params: { id }, query: { after = 0, limit = 100 } }) => sweeps.trials(id, { after, limit }),
  );

  app.get(
    '/v1/sweeps/:id/importance',
    {
      config: { access: 'train', problems: reading },
      schema: {
        operationId: 'getSweepImportance',
        tags: ['sweeps'],
        summary: 'Show which parameters of a sweep matter',
        description: 'By the trials that have a value so far; there must be ten.',
        params: SweepParams,
        response: { 200: SweepImportance.ref },
      },
    },
    ({ params: { id } }) => sweeps.importance(id),
  );

  app.patch(
    '/v1/sweeps/:id',
    {
      config: { access: 'train', problems: changing },
      schema: {
        operationId: 'changeSweep',
        tags: ['sweeps'],
        summary: 'Change the budget of a sweep',
        description:
          'Adds trials or time, or takes some away. A sweep that has ended goes on where the new budget has room; it then ' +
          'ends once more, and publishes again where another trial is the best one.',
        params: SweepParams,
        body: SweepBudget.ref,
        response: { 200: Sweep.ref },
      },
    },
    ({ params: { id }, body }) => sweeps.changeBudget(id, body),
  );

  app.post(
    '/v1/sweeps/:id/pause',
    {
      config: { access: 'train', problems: changing },
      schema: {
        operationId: 'pauseSweep',
        tags: ['sweeps'],
        summary: 'Pause a sweep',
        description: 'No trial is added until the sweep is resumed. Those that are there go on to their end.',
        params: SweepParams,
        response: {
          200: {
            description: 'The sweep is paused.',
            content: { 'application/json': { schema: Sweep.ref, example: sweepExamples.paused } },
          },
        },
      },
    },
    ({ params: { id } }) => sweeps.pause(id),
  );

  app.post(
    '/v1/sweeps/:id/resume',
    {
      config: { access: 'train', problems: changing },
      schema: {
        operationId: 'resumeSweep',
        tags: ['sweeps'],
        summary: 'Resume a paused sweep',
        description: 'Trials are added again. A sweep that is not paused stays as it is.',
        params: SweepParams,
        response: { 200: Sweep.ref },
      },
    },
    ({ params: { id } }) => sweeps.resume(id),
  );

  app.post(
    '/v1/sweeps/:id/cancel',
    {
      config: { access: 'train', problems: changing },
      schema: {
        operationId: 'cancelSweep',
        tags: ['sweeps'],
        summary: 'Cancel a sweep',
        description:
          'Ends the sweep and cancels its jobs. The best trial so far stays listed; nothing is published. Cancelling it again ' +
          'changes nothing.',
        params: SweepParams,
        response: {
          200: {
            description: 'The sweep is cancelled.',
            content: { 'application/json': { schema: Sweep.ref, example: sweepExamples.cancelled } },
          },
        },
      },
    },
    ({ params: { id } }) => sweeps.cancel(id),
  );

  app.delete(
    '/v1/sweeps/:id',
    {
      config: {
        access: 'train',
        problems: ['SWEEP_NOT_FOUND', 'SWEEP_NOT_ENDED', 'JOB_NOT_ENDED', 'QUEUE_UNAVAILABLE', ...writing],
      },
      schema: {
        operationId: 'deleteSweep',
        tags: ['sweeps'],
        summary: 'Delete a sweep that has ended or is damaged',
        description:
          'The jobs of its trials are deleted with it. The job that published the best one, and its version, stay.',
        params: SweepParams,
        response: { 204: Type.Null({ description: 'The sweep is deleted.' }) },
      },
    },
    async ({ params: { id }, log }, reply) => {
      await sweeps.remove(id);
      log.info({ sweep: id }, 'sweep deleted');
      return reply.code(204).send(null);
    },
  );

  done();
};
