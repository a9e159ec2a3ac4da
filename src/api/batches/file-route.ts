/** POST /v1/models/{name}/batch: a file of rows in, the same rows with their predictions out. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import Type from 'typebox';
import { TrainyardError } from '../../errors.js';
import type { ServedModel } from '../../model/serving/loaded-model.js';
import type { ModelChoice, ModelServer } from '../../model/serving/model-server.js';
import { holderOf } from '../access/credentials.js';
import type { Keys } from '../access/keys.js';
import { unwantedWork } from '../access/unwanted-work.js';
import { SharedBudget } from '../bodies/shared-budget.js';
import { SpooledBody } from '../bodies/spooled-body.js';
import type { InferenceStatistics } from '../predictions/inference-statistics.js';
import { tooLarge } from '../problems/problem.js';
import { answerFile, type FileAnswerOptions } from './file-answer.js';
import { BatchFileQuery, fileAnswer, fileBody } from './file-schemas.js';

export interface BatchFileDeps {
  modelServer: Pick<ModelServer, 'use'>;
  statistics: Pick<InferenceStatistics, 'answered'>;
  /** Without a key ring nobody needs a key. */
  keys?: Pick<Keys, 'stillAdmits'>;
  /** Where a file lies while it is answered. */
  spoolFolder: string;
  maxFileBytes: number;
}

/** What one file holds in memory: pieces of its body, some rows and their text. */
const heldBytes = 4 * 2 ** 20;
/** Files that are answered at a time; those of one key take at most half. */
const mostFiles = 8;

const name = Type.String({ description: 'The name of the model.', examples: ['churn'] });
const version = Type.String({
  pattern: '^[1-9]\\d{0,8}$',
  description: 'The number of the version.',
  examples: ['1'],
});

const paths = [
  { path: '/v1/models/:name/batch', params: Type.Object({ name }), suffix: '' },
  {
    path: '/v1/models/:name/versions/:version/batch',
    params: Type.Object({ name, version }),
    suffix: 'Version',
  },
];

export const batchFileRoutes: FastifyPluginCallbackTypebox<BatchFileDeps> = (app, deps, done) => {
  const places = new SharedBudget(mostFiles);
  const refuseUnwanted = unwantedWork(app, deps.keys, 'Send the file again.');
  // The content says what the file is, whatever the client calls it.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, next) => next(null, payload));

  function takePlace(request: FastifyRequest): void {
    const holder = holderOf(request);
    if (!places.hasRoom(1) || !places.holderHasRoom(holder, 1)) {
      const message = `${mostFiles} files are being answered, or ${places.mostPerHolder} of this key. Try again later.`;
      throw new TrainyardError('OVERLOADED', message);
    }
    places.take(holder, 1);
    request.response.once('close', () => places.release(holder, 1));
  }

  async function answer(
    request: FastifyRequest,
    reply: FastifyReply,
    model: ServedModel,
    options: Omit<FileAnswerOptions, 'refuseUnwanted'>,
  ): Promise<void> {
    if (Number(request.headers['content-length']) > deps.maxFileBytes) throw tooLarge(deps.maxFileBytes);
    const pieces = app.bodies.stream(request, request.raw, heldBytes);
    const body = await SpooledBody.of(pieces, {
      folder: deps.spoolFolder,
      limitBytes: deps.maxFileBytes,
    });
    try {
      const rows = await answerFile(body, model, reply, {
        ...options,
        refuseUnwanted: () => refuseUnwanted(request),
      });
      const { model: name, version } = model.manifest;
      const answered = { model: name, version, count: rows.rows, queueMs: null, inferenceMs: null };
      deps.statistics.answered(answered, reply.statusCode, reply.elapsedTime);
      request.log.info({ model: name, version, rows: rows.rows, failed: rows.failed }, 'file predicted');
    } finally {
      await body.close();
      // Without it the connection would stand still where the client still sends.
      request.raw.resume();
    }
  }

  for (const { path, params, suffix } of paths) {
    app.post(
      path,
      {
        schema: {
          operationId: `predictFile${suffix}`,
          tags: ['predictions'],
          summary: 'Predict the rows of a file',
          description:
            'The body is a CSV, JSON Lines or Parquet file, also gzipped; its content decides. The answer has the ' +
            'same rows in the same order, with further columns: `prediction` and `confidence` for classes, ' +
            '`prediction` or `prediction_{name}` for values, and `prediction_error`, which says why a row has no ' +
            'prediction. A name that the file has already gets a suffix, as `prediction_2`. One version answers ' +
            'the whole file.\n\nWhere the file breaks after rows have been answered, a last row says so in ' +
            '`prediction_error`, and the connection ends before the answer is complete.',
          params,
          querystring: BatchFileQuery,
          body: fileBody,
          response: fileAnswer,
        },
        // What a compressor holds back would be lost where an answer ends early.
        compress: false,
        config: {
          access: 'predict',
          problems: [
            'MODEL_NOT_FOUND',
            'VERSION_NOT_FOUND',
            'ALIAS_NOT_FOUND',
            'INPUT_UNSUPPORTED',
            'DATASET_INVALID',
            'DATASET_TOO_LARGE',
            'MODEL_NOT_READY',
            'CHECKPOINT_CORRUPT',
            'STORAGE_FULL',
          ],
        },
      },
      async (request, reply) => {
        const { params, query } = request;
        if (!request.body) throw withoutBody();
        if (request.mediaType === 'multipart/form-data') throw notAForm();
        takePlace(request);
        const { output, probabilities = false, abstain_below, warnings, alias, ...format } = query;
        const added = { probabilities, abstainBelow: abstain_below, warnings };
        await deps.modelServer.use(choiceOf(params, alias), (model) =>
          answer(request, reply, model, { format, output, added }),
        );
        return reply;
      },
    );
  }

  done();
};

/** @throws TrainyardError INVALID_REQUEST */
function choiceOf(
  { name: model, version }: { name: string; version?: string },
  alias: string | undefined,
): ModelChoice {
  if (version === undefined) return { model, alias };
  if (alias === undefined) return { model, version: Number(version) };
  throw new TrainyardError('INVALID_REQUEST', 'The path has a version, so alias cannot be given.');
}

function withoutBody(): TrainyardError {
  const message =
    'The body is missing; send the file as the body, for example with curl -T rows.csv -X POST.';
  return new TrainyardError('INVALID_REQUEST', message, { pointer: '' });
}

function notAForm(): TrainyardError {
  const message =
    'The body is a form; send the file itself as the body, for example with curl -T rows.csv -X POST.';
  return new TrainyardError('UNSUPPORTED_MEDIA_TYPE', message);
}
