/** Predictions: the hot path. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { ImageReader } from '../../images/image-reader.js';
import type { ModelServer } from '../../model/serving/model-server.js';
import { ask } from './ask.js';
import { useBinaryBodies } from './bodies.js';
import { predictionAnswer } from './prediction-answer.js';
import { questionOf } from './question.js';
import { predictionBodyLimit, predictionConfig } from './route.js';
import { PredictionRequest, PredictionResponse } from './prediction-schemas.js';
import {
  JpegImage,
  PngImage,
  PredictionForm,
  PredictionQuery,
  RawSamples,
} from './prediction-body-schemas.js';

export interface PredictDeps {
  modelServer: Pick<ModelServer, 'use'>;
  images: Pick<ImageReader, 'read'>;
}

export const predictRoutes: FastifyPluginCallbackTypebox<PredictDeps> = (
  app,
  { modelServer, images },
  done,
) => {
  useBinaryBodies(app);

  app.post(
    '/predict',
    {
      bodyLimit: predictionBodyLimit,
      schema: {
        operationId: 'predict',
        tags: ['predictions'],
        summary: 'Classify samples',
        description:
          'Answers from the latest version of the model, and follows new versions without a restart. One version answers ' +
          'the whole request. Samples are numbers in JSON or as they lie in memory, or images, one or many. With JSON the ' +
          'options are in the body, else in the query string. The examples are a digit from MNIST’s test split.',
        querystring: PredictionQuery,
        body: {
          content: {
            'application/json': { schema: PredictionRequest.ref },
            'multipart/form-data': { schema: PredictionForm.ref },
            'image/png': { schema: PngImage.ref },
            'image/jpeg': { schema: JpegImage.ref },
            'application/octet-stream': { schema: RawSamples.ref },
          },
        },
        response: { 200: PredictionResponse.ref },
      },
      config: {
        ...predictionConfig,
        problems: ['IMAGE_INVALID', 'IMAGE_TOO_LARGE', 'INPUT_UNSUPPORTED', ...predictionConfig.problems],
      },
    },
    (request, reply) => {
      const { choice, answer, samplesFor } = questionOf(request, images);
      return modelServer.use(choice, async (model) => {
        const read = samplesFor(model);
        const samples = read instanceof Promise ? await read : read;
        const probabilities = await ask(model, samples, request, reply);
        return predictionAnswer(model, probabilities, answer);
      });
    },
  );

  done();
};
