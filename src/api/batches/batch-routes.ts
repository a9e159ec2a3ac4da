/** Submits, lists, shows, cancels and deletes batches, and sends their results. */
import { Readable } from 'node:stream';
import Type from 'typebox';
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { ErrorCode } from '../../errors.js';
import type { Batches } from '../../jobs/batches/batches.js';
import { basePathOf } from '../plugins/base-path.js';
import { Batch, batchExamples, BatchList, BatchPage, BatchParams, BatchRequest } from './batch-schemas.js';
import { csvAnswer, fileComponents } from './file-schemas.js';

export const batchComponents = [Batch, BatchList, BatchRequest, ...fileComponents];

export interface BatchDeps {
  batches: Pick<Batches, 'submit' | 'get' | 'list' | 'cancel' | 'remove' | 'openResult'>;
}

/** The problems of every route that changes a batch. */
const writing: ErrorCode[] = ['STORAGE_FULL', 'STORAGE_UNAVAILABLE'];

export const batchRoutes: FastifyPluginCallbackTypebox<BatchDeps> = (app, { batches }, done) => {
  app.post(
    '/v1/batches',
    {
      schema: {
        operationId: 'createBatch',
        tags: ['batches'],
        summary: 'Predict all rows of a dataset',
        description:
          'Accepts the batch and answers at once; a worker predicts the rows in the background. The versions of the ' +
          'dataset and of the model are fixed now. Follow the batch at the `Location`.',
        body: BatchRequest.ref,
        response: {
          202: {
            description: 'The batch was accepted.',
            headers: { Location: { type: 'string', description: 'The URL of the batch.' } },
            content: { 'application/json': { schema: Batch.ref, example: batchExamples.new } },
          },
        },
      },
      config: {
        access: 'train',
        problems: [
          'DATASET_NOT_FOUND',
          'DATASET_NOT_A_TABLE',
          'MODEL_NOT_FOUND',
          'VERSION_NOT_FOUND',
          'ALIAS_NOT_FOUND',
          'INPUT_UNSUPPORTED',
          'MODEL_NOT_READY',
          'CHECKPOINT_CORRUPT',
          ...writing,
        ],
      },
    },
    async (request, reply) => {
      // Values are left out rather than undefined, since they come from JSON.
      const batch = await batches.submit(request.body);
      request.log.info({ batch: batch.id, dataset: batch.dataset.name }, 'batch submitted');
      return reply
        .code(202)
        .header('location', `${basePathOf(request, reply)}/v1/batches/${batch.id}`)
        .send(batch);
    },
  );

  app.get(
    '/v1/batches',
    {
      config: { access: 'train', problems: ['STORAGE_UNAVAILABLE'] },
      schema: {
        operationId: 'listBatches',
        tags: ['batches'],
        summary: 'List the batches, newest first',
        description:
          'For the next page, send `after` with the id of the last batch of this page. Batches with damaged files ' +
          'are left out.',
        querystring: BatchPage,
        response: { 200: BatchList.ref },
      },
    },
    ({ query: { after, limit = 20 } }) => batches.list({ after, limit }),
  );

  app.get(
    '/v1/batches/:id',
    {
      config: { access: 'train', problems: ['BATCH_NOT_FOUND', 'BATCH_CORRUPT', 'STORAGE_UNAVAILABLE'] },
      schema: {
        operationId: 'getBatch',
        tags: ['batches'],
        summary: 'Get a batch',
        description: 'Its status, its progress and, once it has ended, its result or why it failed.',
        params: BatchParams,
        response: { 200: Batch.ref },
      },
    },
    ({ params: { id } }) => batches.get(id),
  );

  app.get(
    '/v1/batches/:id/result',
    {
      config: {
        access: 'train',
        problems: ['BATCH_NOT_FOUND', 'BATCH_WITHOUT_RESULT', 'BATCH_CORRUPT', 'STORAGE_UNAVAILABLE'],
      },
      schema: {
        operationId: 'downloadBatchResult',
        tags: ['batches'],
        summary: 'Download the result of a batch',
        description:
          'A CSV file with the rows of the dataset in their order, and the columns of the prediction at the end: see ' +
          '`POST /v1/models/{name}/batch`.',
        params: BatchParams,
        response: {
          200: {
            description: 'The file.',
            content: csvAnswer,
          },
        },
      },
    },
    async ({ params: { id } }, reply) => {
      const { sizeBytes, content } = await batches.openResult(id);
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', `attachment; filename="${id}.csv"`)
        .header('content-length', sizeBytes)
        .send(Readable.from(content, { objectMode: false }));
    },
  );

  app.post(
    '/v1/batches/:id/cancel',
    {
      config: {
        access: 'train',
        problems: ['BATCH_NOT_FOUND', 'BATCH_CORRUPT', 'BATCH_ENDED', 'BATCH_FINISHING', ...writing],
      },
      schema: {
        operationId: 'cancelBatch',
        tags: ['batches'],
        summary: 'Cancel a batch',
        description: 'Ends the batch, whether it waits or runs. Cancelling it again changes nothing.',
        params: BatchParams,
        response: {
          200: {
            description: 'The batch is cancelled.',
            content: { 'application/json': { schema: Batch.ref, example: batchExamples.cancelled } },
          },
        },
      },
    },
    ({ params: { id } }) => batches.cancel(id),
  );

  app.delete(
    '/v1/batches/:id',
    {
      config: { access: 'train', problems: ['BATCH_NOT_FOUND', 'BATCH_NOT_ENDED', ...writing] },
      schema: {
        operationId: 'deleteBatch',
        tags: ['batches'],
        summary: 'Delete a batch that has ended or is damaged',
        description: 'Its result file is deleted with it. A dataset that was made of it stays.',
        params: BatchParams,
        response: { 204: Type.Null({ description: 'The batch is deleted.' }) },
      },
    },
    async ({ params: { id }, log }, reply) => {
      await batches.remove(id);
      log.info({ batch: id }, 'batch deleted');
      return reply.code(204).send(null);
    },
  );

  done();
};
