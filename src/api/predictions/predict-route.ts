/** POST /predict, the hot path. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { Static } from 'typebox';
import type { ImageReader } from '../../images/image-reader.js';
import type { ModelServer } from '../../model/serving/model-server.js';
import { runPrediction, predictionBodyLimit, predictionConfig } from './run-prediction.js';
import { useBinaryBodies } from './binary-bodies.js';
import { parseRequest, type OutputOptions } from './parse-request.js';
import {
  PredictionRequest,
  PredictionResponse,
  JpegImage,
  PngImage,
  PredictionForm,
  PredictionQuery,
  RawSamples,
} from './prediction-schemas.js';
import { answeredClass, classRows, rankClasses, type RankedClass } from '../../model/heads/class-ranking.js';
import { requireLabels, type ClassHead } from '../../model/heads/head.js';
import { namedValues } from '../../model/heads/named-values.js';
import { blankPictures } from '../../model/serving/blank-pictures.js';
import type { ServedModel } from '../../model/serving/loaded-model.js';
import type { PredictionWarning } from '../../model/serving/table-inputs.js';

export const predictionComponents = [
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
        const warnings = [...(samples.warnings ?? []), ...blankPictures(model, samples)];
        return withWarnings(predictionResponse(model, results, answer), warnings);
      });
    },
  );

  done();
};

type Response = Static<typeof PredictionResponse.schema>;

function withWarnings(response: Response, warnings: PredictionWarning[]): Response {
  return warnings.length === 0 ? response : { ...response, warnings };
}

/** `results` (samples, outputs) of the model's head. */
function predictionResponse(
  { manifest: { model, version }, head }: ServedModel,
  results: Float32Array,
  options: OutputOptions,
): Response {
  if (head.kind === 'classes') {
    return { model, version, predictions: classPredictions(head, results, options) };
  }
  if (options.topK !== undefined || options.abstainBelow !== undefined) requireLabels(head);
  return { model, version, predictions: namedValues(results, head.names) };
}

/** A class that is not likely enough has no name. */
function withAbstention(
  answered: RankedClass,
  below: number | undefined,
): Pick<Response['predictions'][number], 'label' | 'index' | 'confidence' | 'abstained'> {
  if (below === undefined) return answered;
  const abstained = answered.confidence < below;
  return abstained ? { ...answered, label: null, index: null, abstained } : { ...answered, abstained };
}

/** `probabilities` (samples, classes) */
function classPredictions(
  head: ClassHead,
  probabilities: Float32Array,
  options: OutputOptions,
): Response['predictions'] {
  const { labels } = head;
  return classRows(probabilities, labels.length).map((row) => ({
    ...withAbstention(answeredClass(row, head), options.abstainBelow),
    ...(options.probabilities && { probabilities: Array.from(row) }),
    ...(options.topK !== undefined && { top: rankClasses(row, labels, options.topK) }),
  }));
}
