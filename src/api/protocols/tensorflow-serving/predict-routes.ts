/** `:predict`, `:classify`, and `:regress`, which classifiers cannot do. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { TrainyardError } from '../../../errors.js';
import { classRows } from '../../../model/heads/class-ranking.js';
import { requireLabels } from '../../../model/heads/head.js';
import type { ServedModel } from '../../../model/serving/loaded-model.js';
import type { ModelServer } from '../../../model/serving/model-server.js';
import { itemCount } from '../../../model/serving/packed-numbers.js';
import { packRows } from '../../../model/serving/raw-inputs.js';
import { runPrediction, predictionBodyLimit, predictionConfig } from '../../predictions/run-prediction.js';
import { rowsOf, rowsOfExamples, type Rows } from './samples.js';
import {
  TfClassifyRequest,
  TfClassifyResponse,
  TfPredictRequest,
  TfPredictResponse,
  refuseOtherSignatures,
} from './schemas.js';
import { choiceOf, paths } from './version-path.js';

export interface TfPredictDeps {
  modelServer: Pick<ModelServer, 'use'>;
}

export const tfPredictRoutes: FastifyPluginCallbackTypebox<TfPredictDeps> = (
  scope,
  { modelServer },
  done,
) => {
  for (const { suffix, path, params } of paths) {
    scope.post(
      `${path}::predict`,
      {
        bodyLimit: predictionBodyLimit,
        config: predictionConfig,
        schema: {
          operationId: `tfPredict${suffix}`,
          tags: ['tensorflow serving'],
          summary: 'Get the probabilities of samples',
          description:
            'TensorFlow Serving’s predict, for a model with one input, `input`, and one output, `probabilities`.',
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
          const probabilities = await predictRows(model, rows, request, reply);
          return instances === undefined ? { outputs: probabilities } : { predictions: probabilities };
        });
      },
    );

    scope.post(
      `${path}::classify`,
      {
        bodyLimit: predictionBodyLimit,
        config: predictionConfig,
        schema: {
          operationId: `tfClassify${suffix}`,
          tags: ['tensorflow serving'],
          summary: 'Get the labels of samples',
          description:
            'TensorFlow Serving’s classify: the label and the probability of each class, by class index.',
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
          const labels = requireLabels(model.head);
          const probabilities = await predictRows(model, rows, request, reply);
          const result = probabilities.map((row) =>
            row.map((score, index): [string, number] => [labels[index] ?? '', score]),
          );
          return { result, results: result };
        });
      },
    );

    scope.post(`${path}::regress`, { schema: { hide: true }, config: { access: 'predict' } }, () => {
      throw new TrainyardError(
        'INVALID_REQUEST',
        'The model is a classifier and cannot regress: use :predict or :classify.',
      );
    });
  }
  done();
};

/** (samples, classes) */
async function predictRows(
  model: ServedModel,
  { rows, field }: Rows,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<number[][]> {
  const { inputs: width, outputs: classes } = model.network;
  const inputs = packRows(rows, width, field);
  const probabilities = await runPrediction(model, { inputs, count: itemCount(rows), field }, request, reply);
  return classRows(probabilities, classes).map((row) => Array.from(row));
}
