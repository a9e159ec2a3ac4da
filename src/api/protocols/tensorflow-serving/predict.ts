/** `:predict`, `:classify`, and `:regress`, which classifiers cannot do. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { TrainyardError, type ErrorCode } from '../../../errors.js';
import type { ServedModel } from '../../../model/loaded-model.js';
import type { ModelServer } from '../../../model/model-server.js';
import { packRows } from '../../../model/raw-inputs.js';
import { ask } from '../../predictions/ask.js';
import { rowsOf, rowsOfExamples, type Rows } from './samples.js';
import { TfClassifyRequest, TfClassifyResponse, TfPredictRequest, TfPredictResponse } from './schemas.js';
import { refuseOtherSignatures } from './signature.js';
import { choiceOf, paths } from './version-path.js';

export interface TfPredictDeps {
  modelServer: Pick<ModelServer, 'use'>;
}

const problems: ErrorCode[] = [
  'MODEL_NOT_FOUND',
  'VERSION_NOT_FOUND',
  'ALIAS_NOT_FOUND',
  'OVERLOADED',
  'MODEL_NOT_READY',
  'DEADLINE_EXCEEDED',
  'CHECKPOINT_CORRUPT',
];

/** Room for 1024 samples of 784 numbers with all their digits. */
const bodyLimit = 32 * 2 ** 20;

export const tfPredictRoutes: FastifyPluginCallbackTypebox<TfPredictDeps> = (
  scope,
  { modelServer },
  done,
) => {
  for (const { suffix, path, params } of paths) {
    scope.post(
      `${path}::predict`,
      {
        bodyLimit,
        config: { access: 'predict', predicts: true, problems },
        schema: {
          operationId: `tfPredict${suffix}`,
          tags: ['tensorflow serving'],
          summary: 'Ask for the probabilities of samples',
          description:
            'TensorFlow Serving’s predict, of a model with one input, `input`, and one output, `probabilities`.',
          params,
          body: TfPredictRequest.ref,
          response: { 200: TfPredictResponse.ref },
        },
      },
      (request, reply) => {
        const { signature_name: signature, instances } = request.body;
        refuseOtherSignatures(signature);
        const rows = rowsOf(request.body);
        return modelServer.use(choiceOf(request.params), async (model) => {
          const probabilities = await askRows(model, rows, request, reply);
          return instances === undefined ? { outputs: probabilities } : { predictions: probabilities };
        });
      },
    );

    scope.post(
      `${path}::classify`,
      {
        bodyLimit,
        config: { access: 'predict', predicts: true, problems },
        schema: {
          operationId: `tfClassify${suffix}`,
          tags: ['tensorflow serving'],
          summary: 'Ask for the labels of samples',
          description: 'TensorFlow Serving’s classify: each class’s label and probability, by class index.',
          params,
          body: TfClassifyRequest.ref,
          response: { 200: TfClassifyResponse.ref },
        },
      },
      (request, reply) => {
        const { signature_name: signature, examples, context } = request.body;
        refuseOtherSignatures(signature);
        const rows = rowsOfExamples(examples, context);
        return modelServer.use(choiceOf(request.params), async (model) => {
          const probabilities = await askRows(model, rows, request, reply);
          const result = probabilities.map((row) =>
            row.map((score, index): [string, number] => [model.labels[index] ?? '', score]),
          );
          return { result, results: result };
        });
      },
    );

    scope.post(`${path}::regress`, { schema: { hide: true }, config: { access: 'predict' } }, () => {
      throw new TrainyardError(
        'INVALID_REQUEST',
        'The model is a classifier and cannot regress: ask for :predict or :classify.',
      );
    });
  }
  done();
};

/** (samples, classes) */
async function askRows(
  model: ServedModel,
  { rows, field }: Rows,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<number[][]> {
  const { inputs: width, outputs: classes } = model.network;
  const inputs = packRows(rows, width, field);
  const probabilities = await ask(model, { inputs, count: rows.length, field }, request, reply);
  return rows.map((_, sample) =>
    Array.from(probabilities.subarray(sample * classes, (sample + 1) * classes)),
  );
}
