/** POST /predict, the hot path. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { ImageReader } from '../../images/image-reader.js';
import type { ModelServer } from '../../model/serving/model-server.js';
import { runPrediction, predictionBodyLimit, predictionConfig } from './run-prediction.js';
import { useBinaryBodies } from './binary-bodies.js';
import { parseRequest } from './parse-request.js';
import { answerOf } from './prediction-answer.js';
import {
  CheckpointPredictionRequest,
  CheckpointPredictions,
  PredictionRequest,
  Prediction,
  PredictionResponse,
  PredictionWarning,
  JpegImage,
  PngImage,
  PredictionForm,
  PredictionQuery,
  RawSamples,
} from './prediction-schemas.js';

export const predictionComponents = [
  CheckpointPredictionRequest,
  CheckpointPredictions,
  Prediction,
  PredictionWarning,
  PredictionRequest,
  PredictionResponse,
  PredictionForm,
  PngImage,
  JpegImage,
  RawSamples,
];

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
        summary: 'Predict',
        description:
          'The latest version of the model answers, and new versions take over without a restart. One version ' +
          'answers the whole request. Samples are rows of a table by column name, numbers, in JSON or as raw ' +
          'bytes, or images, one or many. In a JSON request the options are in the body, otherwise in the query ' +
          'string. The examples show a digit from MNIST’s test split; `GET /v1/models/{name}/openapi.json` has ' +
          'the columns of a model and an example of its own.',
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
      const { choice, answer, readSamples } = parseRequest(request, images);
      return modelServer.use(choice, async (model) => {
        const read = readSamples(model);
        const samples = read instanceof Promise ? await read : read;
        const results = await runPrediction(model, samples, request, reply);
        const { model: name, version } = model.manifest;
        return { model: name, version, ...answerOf(model, samples, results, answer) };
      });
    },
  );

  done();
};
