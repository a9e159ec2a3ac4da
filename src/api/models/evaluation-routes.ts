/** How good a version of a model is: as it was found when it was published, and on the rows of another dataset. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { setImmediate as nextTurn } from 'node:timers/promises';
import Type from 'typebox';
import { TrainyardError } from '../../errors.js';
import type {
  DatasetEvaluations,
  EvaluationRequest as Request,
} from '../../jobs/evaluations/dataset-evaluations.js';
import { component } from '../../lib/named-schema.js';
import type { Registry, VersionManifest } from '../../model/registry/registry.js';
import type { Keys } from '../access/keys.js';
import { unwantedWork } from '../access/unwanted-work.js';
import { Evaluation, type ShownEvaluation } from '../jobs/evaluation-schemas.js';
import { refuseImpossibleName } from './find-version.js';
import { ModelParams, VersionParams } from './model-schemas.js';

const EvaluationRequest = component(
  'EvaluationRequest',
  Type.Unsafe<Request>(
    Type.Object(
      {
        dataset: Type.Unsafe<Request['dataset']>({
          type: ['string', 'object'],
          properties: { name: { type: 'string' }, version: { type: 'integer', minimum: 1 } },
          required: ['name'],
          additionalProperties: false,
          description:
            'The dataset to evaluate on: its name, for the newest version, or `{"name": "churn", "version": 2}`. A table must have the ' +
            'columns of the model and its target; of arrays the test part is taken.',
        }),
        version: Type.Optional(Type.Integer({ minimum: 1, description: 'The version to evaluate.' })),
        alias: Type.Optional(
          Type.String({ description: 'The alias of the version to evaluate; by default `latest`.' }),
        ),
        target: Type.Optional(
          Type.Unsafe<NonNullable<Request['target']>>({
            type: ['string', 'array'],
            items: { type: 'string', maxLength: 1_000 },
            maxLength: 1_000,
            minItems: 1,
            maxItems: 1_000,
            description:
              'The columns of the dataset that hold what the model predicts, in the order of its outputs; by default those that it learned.',
          }),
        ),
        weight: Type.Optional(
          Type.Unsafe<string | null>({
            type: 'string',
            nullable: true,
            maxLength: 1_000,
            description:
              'The column that says how much each row counts: numbers from 0. By default the one that weighed the training rows, ' +
              'where the dataset has it; null counts each row once.',
          }),
        ),
      },
      {
        additionalProperties: false,
        description: 'Which rows to evaluate a model on.',
        examples: [{ dataset: 'mnist' }],
      },
    ),
  ),
);

export const evaluationComponents = [EvaluationRequest];

export interface EvaluationDeps {
  registry: Pick<Registry, 'manifest' | 'evaluation'>;
  evaluations: DatasetEvaluations;
  /** Without a key ring nobody needs a key. */
  keys?: Pick<Keys, 'stillAdmits'>;
}

export const evaluationRoutes: FastifyPluginCallbackTypebox<EvaluationDeps> = (
  app,
  { registry, evaluations, keys },
  done,
) => {
  const refuseUnwanted = unwantedWork(app, keys, 'Send the request again.');

  app.get(
    '/v1/models/:name/versions/:version/evaluation',
    {
      config: {
        access: 'any',
        problems: ['MODEL_NOT_FOUND', 'VERSION_NOT_FOUND', 'EVALUATION_NOT_FOUND', 'CHECKPOINT_CORRUPT'],
      },
      schema: {
        operationId: 'getModelEvaluation',
        tags: ['models'],
        summary: 'Get the evaluation of a version',
        description:
          'How good the version is on the rows that were set apart when it was trained: figures with intervals, beside baselines, ' +
          'its confusion matrix, its most confident mistakes by row number, and what its columns are worth.',
        params: VersionParams,
        response: { 200: Evaluation.ref },
      },
    },
    async ({ params: { name, version } }) => {
      refuseImpossibleName(name);
      const manifest = await registry.manifest(name, Number(version));
      const evaluation = await registry.evaluation(manifest);
      if (evaluation === null) throw notEvaluated(manifest);
      const shown: ShownEvaluation = {
        object: 'evaluation',
        model: { name, version: manifest.version },
        dataset: datasetOf(manifest),
        ...evaluation,
      };
      return shown;
    },
  );

  app.post(
    '/v1/models/:name/evaluate',
    {
      config: {
        access: 'train',
        problems: [
          'MODEL_NOT_FOUND',
          'VERSION_NOT_FOUND',
          'ALIAS_NOT_FOUND',
          'MODEL_NOT_READY',
          'MODEL_TOO_LARGE',
          'CHECKPOINT_CORRUPT',
          'DATASET_NOT_FOUND',
          'DATASET_VERSION_NOT_FOUND',
          'DATASET_NOT_READY',
          'DATASET_INVALID',
          'DATASET_CORRUPT',
          'DATASET_TOO_LARGE',
          'INPUT_UNSUPPORTED',
          'SHUTTING_DOWN',
        ],
      },
      schema: {
        operationId: 'evaluateModel',
        tags: ['models'],
        summary: 'Evaluate a model on another dataset',
        description:
          'The same document as that of a version, with the rows of the dataset as `test`. The baseline `constant` is the commonest ' +
          'class, or the mean, of these rows. Rows without a target, or with a cell that cannot be read, are left out and counted.',
        params: ModelParams,
        body: EvaluationRequest.ref,
        response: { 200: Evaluation.ref },
      },
    },
    async (request) => {
      const { params, body } = request;
      refuseImpossibleName(params.name);
      const evaluation = await evaluations.evaluate(params.name, body, async () => {
        await nextTurn();
        refuseUnwanted(request);
      });
      const shown: ShownEvaluation = { object: 'evaluation', ...evaluation };
      return shown;
    },
  );

  done();
};

function datasetOf({ spec }: VersionManifest): ShownEvaluation['dataset'] {
  const { dataset = '', dataset_version: version = null } = (spec ?? {}) as {
    dataset?: string;
    dataset_version?: number | null;
  };
  return { name: dataset, version };
}

function notEvaluated({ model, version }: VersionManifest): TrainyardError {
  const message =
    `Version ${version} of ${model} was not evaluated when it was published. ` +
    `POST /v1/models/${model}/evaluate evaluates it on a dataset.`;
  return new TrainyardError('EVALUATION_NOT_FOUND', message);
}
