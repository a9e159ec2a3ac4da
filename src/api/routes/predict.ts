/** Predictions: the hot path. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { ModelServer } from '../../model/model-server.js';
import { PredictionRequest, PredictionResponse } from '../schemas/prediction.js';

export interface PredictDeps {
  modelServer: Pick<ModelServer, 'predict' | 'status'>;
}

export const predictRoutes: FastifyPluginCallbackTypebox<PredictDeps> = (app, { modelServer }, done) => {
  app.post(
    '/predict',
    {
      // Room for 1024 samples of 784 numbers with all their digits.
      bodyLimit: 32 * 2 ** 20,
      schema: {
        operationId: 'predict',
        tags: ['predictions'],
        summary: 'Classify samples',
        description:
          'Answers from the latest version of the model, and follows new versions without a restart. One version answers ' +
          'the whole request. The example is a digit from MNIST’s test split.',
        body: PredictionRequest.ref,
        response: { 200: PredictionResponse.ref },
      },
      config: { problems: ['MODEL_NOT_FOUND', 'VERSION_NOT_FOUND', 'MODEL_NOT_READY', 'CHECKPOINT_CORRUPT'] },
    },
    ({ body: { inputs, model, version, top_k: topK } }) =>
      modelServer.predict({ inputs, model, version, topK }),
  );

  done();
};
