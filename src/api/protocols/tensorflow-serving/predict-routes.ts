/** `:predict` for every model, `:classify` for those with classes, and `:regress` for those with a value. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import { classRows } from '../../../model/heads/class-ranking.js';
import type { Head } from '../../../model/heads/head.js';
import { namedValues } from '../../../model/heads/named-values.js';
import { blankPictures } from '../../../model/serving/blank-pictures.js';
import type { ServedModel } from '../../../model/serving/loaded-model.js';
import type { ModelServer } from '../../../model/serving/model-server.js';
import { itemCount } from '../../../model/serving/packed-numbers.js';
import { packRows } from '../../../model/serving/raw-inputs.js';
import type { PredictionWarning } from '../../../model/serving/table-inputs.js';
import { runPrediction, predictionBodyLimit, predictionConfig } from '../../predictions/run-prediction.js';
import { invalid, rowsOf, rowsOfExamples, type Rows } from './array-samples.js';
import {
  TfClassifyRequest,
  TfClassifyResponse,
  TfPredictRequest,
  TfPredictResponse,
  TfRegressRequest,
  TfRegressResponse,
  refuseOtherSignatures,
} from './schemas.js';
import { tableOf, tableOfExamples, type TableSamples } from './table-samples.js';
import { choiceOf, paths } from './version-path.js';

export interface TfPredictDeps {
  modelServer: Pick<ModelServer, 'use'>;
}

type PredictBody = Static<typeof TfPredictRequest.schema>;
type ExamplesBody = Static<typeof TfClassifyRequest.schema>;

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
          summary: 'Get the outputs for samples',
          description:
            'TensorFlow Serving’s predict. A model has one input, `input`, or one for each column of a table, and one ' +
            'output, `probabilities`, or one for each value that it predicts.',
          params,
          body: TfPredictRequest.ref,
          response: { 200: TfPredictResponse.ref },
        },
      },
      (request, reply) => {
        const { body } = request;
        refuseOtherSignatures(body.signature_name);
        if ((body.instances === undefined) === (body.inputs === undefined)) {
          throw invalid('Send either instances or inputs.', '');
        }
        return modelServer.use(choiceOf(request.params), async (model) => {
          const samples = samplesOf(model, body);
          const results = await runPrediction(model, samples, request, reply);
          const outputs =
            body.instances === undefined
              ? { outputs: columnsOf(results, model.head) }
              : { predictions: rowsOfResults(results, model.head) };
          return { ...outputs, ...warningsOf(samples) };
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
        refuseOtherSignatures(request.body.signature_name);
        return modelServer.use(choiceOf(request.params), async (model) => {
          const labels = labelsToClassify(model.head);
          const { results, ...warnings } = await resultsOfExamples(model, request.body, request, reply);
          const result = classRows(results, labels.length).map((row) =>
            Array.from(row, (score, index): [string, number] => [labels[index] ?? '', score]),
          );
          return { result, results: result, ...warnings };
        });
      },
    );

    scope.post(
      `${path}::regress`,
      {
        bodyLimit: predictionBodyLimit,
        config: predictionConfig,
        schema: {
          operationId: `tfRegress${suffix}`,
          tags: ['tensorflow serving'],
          summary: 'Get the value of each sample',
          description: 'TensorFlow Serving’s regress, for models that predict one value.',
          params,
          body: TfRegressRequest.ref,
          response: { 200: TfRegressResponse.ref },
        },
      },
      (request, reply) => {
        refuseOtherSignatures(request.body.signature_name);
        return modelServer.use(choiceOf(request.params), async (model) => {
          refuseToRegress(model.head);
          const { results, ...warnings } = await resultsOfExamples(model, request.body, request, reply);
          const result = Array.from(results);
          return { result, results: result, ...warnings };
        });
      },
    );
  }
  done();
};

/** @throws TrainyardError INVALID_REQUEST */
function samplesOf(model: ServedModel, body: PredictBody): TableSamples {
  const { preprocessing } = model;
  return preprocessing === null ? packed(rowsOf(body), model) : tableOf(preprocessing, body);
}

function packed({ rows, field }: Rows, model: ServedModel): TableSamples {
  const samples = { inputs: packRows(rows, model.network.inputs, field), count: itemCount(rows), field };
  return { ...samples, warnings: blankPictures(model, samples) };
}

async function resultsOfExamples(
  model: ServedModel,
  { examples, context }: ExamplesBody,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<{ results: Float32Array; warnings?: PredictionWarning[] }> {
  const { preprocessing } = model;
  const samples =
    preprocessing === null
      ? packed(rowsOfExamples(examples, context), model)
      : tableOfExamples(preprocessing, examples, context);
  const results = await runPrediction(model, samples, request, reply);
  return { results, ...warningsOf(samples) };
}

/** @throws TrainyardError INVALID_REQUEST */
function labelsToClassify(head: Head): string[] {
  if (head.kind === 'classes') return head.labels;
  const other = head.names.length === 1 ? ':predict or :regress' : ':predict';
  throw invalid(`The model predicts values, so it cannot classify samples. Use ${other}.`);
}

/** @throws TrainyardError INVALID_REQUEST */
function refuseToRegress(head: Head): void {
  if (head.kind === 'classes') {
    throw invalid('The model is a classifier and cannot regress: use :predict or :classify.');
  }
  if (head.names.length === 1) return;
  throw invalid(
    `The model predicts ${head.names.length} values, and :regress has room for one: use :predict.`,
  );
}

/** One list or number for each sample or, where there are several outputs, one object by name. */
function rowsOfResults(results: Float32Array, head: Head): unknown[] {
  if (head.kind === 'classes') return classRows(results, head.labels.length).map((row) => Array.from(row));
  return namedValues(results, head.names).map((each) => ('values' in each ? each.values : each.value));
}

/** As `rowsOfResults`, but one object with a list for each name. */
function columnsOf(results: Float32Array, head: Head): unknown {
  if (head.kind === 'classes' || head.names.length === 1) return rowsOfResults(results, head);
  const { names } = head;
  const columnOf = (index: number) => Array.from(results.filter((_, i) => i % names.length === index));
  return Object.fromEntries(names.map((name, index) => [name, columnOf(index)]));
}

function warningsOf({ warnings }: TableSamples): { warnings?: PredictionWarning[] } {
  return warnings.length > 0 ? { warnings } : {};
}
