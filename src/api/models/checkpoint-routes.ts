/** The models in the checkpoints of a job: their files, and predictions from them, while the job trains and afterwards. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import type { ImageReader } from '../../images/image-reader.js';
import type { CheckpointModel, JobCheckpoints } from '../../jobs/views/job-checkpoints.js';
import type { CheckpointModels } from '../../model/serving/checkpoint-models.js';
import { TrainyardError, type ErrorCode } from '../../errors.js';
import { JobParams } from '../jobs/job-schemas.js';
import { useBinaryBodies } from '../predictions/binary-bodies.js';
import { parseRequest } from '../predictions/parse-request.js';
import { answerOf } from '../predictions/prediction-answer.js';
import {
  CheckpointPredictionQuery,
  CheckpointPredictionRequest,
  CheckpointPredictions,
  JpegImage,
  PngImage,
  PredictionForm,
  RawSamples,
} from '../predictions/prediction-schemas.js';
import { predictInTime, predictionBodyLimit, predictionConfig } from '../predictions/run-prediction.js';
import { fileResponses, sendFile } from './send-file.js';

export interface CheckpointDeps {
  checkpoints: JobCheckpoints;
  checkpointModels: Pick<CheckpointModels, 'use'>;
  images: Pick<ImageReader, 'read'>;
}

const CheckpointParams = Type.Object({
  ...JobParams.properties,
  step: Type.String({
    pattern: '^(latest|0|[1-9]\\d{0,14})$',
    description: 'The step of the checkpoint, or `latest` for the newest.',
    examples: ['latest'],
  }),
});

const stepOf = (step: string): number | 'latest' => (step === 'latest' ? step : Number(step));

/** Of a model by its name. */
const ofVersions: readonly ErrorCode[] = [
  'MODEL_NOT_FOUND',
  'VERSION_NOT_FOUND',
  'ALIAS_NOT_FOUND',
  'MODEL_NOT_READY',
];

/** How often the newest checkpoint is looked for again when the job removes it before it is read. */
const mostLooks = 3;

export const checkpointRoutes: FastifyPluginCallbackTypebox<CheckpointDeps> = (
  app,
  { checkpoints, checkpointModels, images },
  done,
) => {
  useBinaryBodies(app);

  app.get(
    '/v1/jobs/:id/checkpoints/:step/model.safetensors',
    {
      config: {
        access: 'train',
        problems: [
          'JOB_NOT_FOUND',
          'CHECKPOINT_NOT_FOUND',
          'RUN_CORRUPT',
          'RANGE_NOT_SATISFIABLE',
          'CHECKPOINT_CORRUPT',
        ],
      },
      schema: {
        operationId: 'downloadCheckpointModel',
        tags: ['jobs'],
        summary: 'Download the model in a checkpoint',
        description:
          'What the job had learnt by then, as a file like that of a version. The header `X-Step` says of which step it is.',
        params: CheckpointParams,
        response: fileResponses({ 'X-Step': { type: 'string' } }),
      },
    },
    async ({ params: { id, step: wanted } }, reply) => {
      const { step, ...file } = await checkpoints.find(id, stepOf(wanted));
      reply.header('x-step', String(step));
      return sendFile(reply, { ...file, filename: `${id}-step-${step}.safetensors` });
    },
  );

  app.post(
    '/v1/jobs/:id/checkpoints/:step/predict',
    {
      bodyLimit: predictionBodyLimit,
      schema: {
        operationId: 'predictFromCheckpoint',
        tags: ['jobs'],
        summary: 'Predict with what a job has learnt so far',
        description:
          'As `POST /predict`, with the network in a checkpoint of the job instead of a version of a model.',
        params: CheckpointParams,
        querystring: CheckpointPredictionQuery,
        body: {
          content: {
            'application/json': { schema: CheckpointPredictionRequest.ref },
            'multipart/form-data': { schema: PredictionForm.ref },
            'image/png': { schema: PngImage.ref },
            'image/jpeg': { schema: JpegImage.ref },
            'application/octet-stream': { schema: RawSamples.ref },
          },
        },
        response: { 200: CheckpointPredictions.ref },
      },
      config: {
        access: 'train',
        predicts: true,
        problems: [
          'JOB_NOT_FOUND',
          'CHECKPOINT_NOT_FOUND',
          'RUN_CORRUPT',
          'MODEL_TOO_LARGE',
          'IMAGE_INVALID',
          'IMAGE_TOO_LARGE',
          'INPUT_UNSUPPORTED',
          ...predictionConfig.problems.filter((code) => !ofVersions.includes(code)),
        ],
      },
    },
    async (request, reply) => {
      const { answer, readSamples } = parseRequest(request, images);
      const { id, step: wanted } = request.params;
      return useFound(id, stepOf(wanted), async (checkpoint) => {
        const { step } = checkpoint;
        return checkpointModels.use(checkpoint, async (model) => {
          const samples = await readSamples(model);
          const results = await predictInTime(model, samples, request, reply);
          return { job_id: id, step, ...answerOf(model, samples, results, answer) };
        });
      });
    },
  );

  async function useFound<T>(
    id: string,
    wanted: number | 'latest',
    work: (checkpoint: CheckpointModel) => Promise<T>,
  ): Promise<T> {
    for (let look = 1; ; look++) {
      const checkpoint = await checkpoints.find(id, wanted);
      try {
        return await work(checkpoint);
      } catch (error) {
        const isGone = error instanceof TrainyardError && error.code === 'CHECKPOINT_NOT_FOUND';
        if (!isGone || wanted !== 'latest' || look >= mostLooks) throw error;
      }
    }
  }

  done();
};
