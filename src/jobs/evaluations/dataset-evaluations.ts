/** Evaluates a version on the rows of a dataset, in the process that serves it: in slices, so that others are answered meanwhile. */
import type { Dataset, DatasetInfo, PicturesContent, PicturesInfo, Samples } from '../../data/dataset.js';
import { rowsIn, rowSplits } from '../../data/splits.js';
import type { DatasetStore } from '../../data/store.js';
import { TrainyardError } from '../../errors.js';
import {
  classFrequencies,
  constantClass,
  constantValues,
  meansOf,
} from '../../model/evaluation/constant-baseline.js';
import { positiveOf } from '../../model/evaluation/decide-head.js';
import { cellExamples } from '../../model/evaluation/cell-examples.js';
import { classDrawings } from '../../model/evaluation/class-drawings.js';
import { classMistakes, evaluateClasses } from '../../model/evaluation/evaluate-classes.js';
import { mistakesShown } from '../../model/evaluation/evaluate-model.js';
import { valueMistakes } from '../../model/evaluation/evaluate-values.js';
import type { Evaluation } from '../../model/evaluation/evaluation.js';
import { predictSamples } from '../../model/evaluation/predicted-rows.js';
import { turn as plainTurn, type Turn } from '../../model/evaluation/turn.js';
import { evaluateAndDrawValues } from '../../model/evaluation/value-drawings.js';
import type { ClassHead } from '../../model/heads/head.js';
import type { ModelServer } from '../../model/serving/model-server.js';
import type { ServedModel } from '../../model/serving/loaded-model.js';
import { readTableForEvaluation, type RowsToEvaluate } from './evaluated-table.js';

/** What a client asks for. */
export interface EvaluationRequest {
  dataset: string | { name: string; version?: number };
  /** At most one of these; by default the alias `latest`. */
  version?: number;
  alias?: string;
  /** By default the columns that the model learned. */
  target?: string | string[];
  /** The column that says how much each row counts; null: none does. By default the one that weighed the training rows, if it is there. */
  weight?: string | null;
}

export interface DatasetEvaluation extends Evaluation {
  model: { name: string; version: number };
  dataset: { name: string; version: number };
  /** The column that weighed the rows. */
  weight?: string;
  /** Rows that were not evaluated. */
  left_out: { without_target: number; unreadable: number };
}

export interface DatasetEvaluations {
  /**
   * `turn` is taken after each slice: what it rejects with ends the evaluation.
   * @throws TrainyardError INVALID_REQUEST with what to change, DATASET_TOO_LARGE, INPUT_UNSUPPORTED, and what
   * `DatasetStore.info` and `ModelServer.use` throw
   */
  evaluate(model: string, request: EvaluationRequest, turn?: Turn): Promise<DatasetEvaluation>;
}

/** More take longer than a client waits for; a batch predicts any number. */
const defaultMostRows = 100_000;

export function createDatasetEvaluations({
  datasets,
  models,
  mostRows = defaultMostRows,
}: {
  datasets: Pick<DatasetStore, 'info' | 'load' | 'openTable' | 'openPictures'>;
  models: Pick<ModelServer, 'use'>;
  mostRows?: number;
}): DatasetEvaluations {
  async function readRows(
    served: ServedModel,
    info: DatasetInfo,
    { target, weight }: EvaluationRequest,
    turn: Turn,
  ): Promise<RowsToEvaluate> {
    const { name, version } = info;
    switch (info.kind) {
      case 'table': {
        const content = await datasets.openTable(name, version);
        return readTableForEvaluation({ model: served, info, content, target, weight, turn });
      }
      case 'pictures':
        return readPictures(
          served,
          { info, content: await datasets.openPictures(name, version) },
          weight,
          turn,
        );
      case 'arrays':
        return readArrays(served, await datasets.load(name, version), weight, turn);
    }
  }

  return {
    async evaluate(model, request, turn = plainTurn) {
      const { version, alias } = request;
      if (version !== undefined && alias !== undefined) {
        throw new TrainyardError('INVALID_REQUEST', 'version and alias cannot be given together.', {
          pointer: '/alias',
        });
      }
      const asked = typeof request.dataset === 'string' ? { name: request.dataset } : request.dataset;
      const info = await datasets.info(asked.name, asked.version);
      refuseTooMany(info, mostRows);
      return models.use({ model, version, alias }, async (served) => {
        const rows = await readRows(served, info, request, turn);
        refuseNothing(info, rows);
        const { manifest } = served;
        return {
          model: { name: manifest.model, version: manifest.version },
          dataset: { name: info.name, version: info.version },
          ...(rows.weight && { weight: rows.weight.column }),
          left_out: rows.leftOut,
          ...(await evaluate(served, rows, turn)),
        };
      });
    },
  };
}

function refuseTooMany(info: DatasetInfo, most: number): void {
  const rows =
    info.kind === 'table'
      ? info.schema.rows
      : info.kind === 'pictures'
        ? rowsToTest(info).length
        : info.testCount;
  if (rows <= most) return;
  const message =
    `${info.name} has ${rows} rows, and at most ${most} are evaluated at a time. Upload a sample of them, ` +
    'or predict all of them with POST /v1/batches.';
  throw new TrainyardError('DATASET_TOO_LARGE', message, { pointer: '/dataset' });
}

/** @throws TrainyardError INVALID_REQUEST */
function refuseNothing({ name }: DatasetInfo, { rows, weight }: RowsToEvaluate): void {
  if (rows.length === 0) {
    const message = `No row of ${name} can be evaluated: every row lacks its target, or has a cell that the model cannot read.`;
    throw new TrainyardError('INVALID_REQUEST', message, { pointer: '/dataset' });
  }
  if (weight === null || weight.ofRows.some((each) => each > 0)) return;
  const message = `All rows of ${name} that can be evaluated have the weight 0 in ${JSON.stringify(weight.column)}. {"weight": null} counts each row once.`;
  throw new TrainyardError('INVALID_REQUEST', message, { pointer: '/weight' });
}

async function readArrays(
  served: ServedModel,
  { info, test }: Dataset,
  weight: EvaluationRequest['weight'],
  turn: Turn,
): Promise<RowsToEvaluate> {
  const { network } = served;
  if (served.preprocessing !== null)
    throw unlike(info, 'has no columns, and the model takes those of a table');
  if (info.inputs !== network.inputs)
    throw unlike(info, `has samples of ${info.inputs} numbers, and the model takes ${network.inputs}`);
  refuseOtherClasses(served, info, info.targets.kind === 'classes' ? info.targets.labels : []);
  if (test.count === 0) throw unlike(info, 'has no test samples');
  refuseWeight(info, weight);
  return predictAll(
    served,
    test,
    Uint32Array.from({ length: test.count }, (_, row) => row),
    turn,
  );
}

/** Of a dataset with a test split its pictures, and of others all. */
async function readPictures(
  served: ServedModel,
  { info, content }: { info: PicturesInfo; content: PicturesContent },
  weight: EvaluationRequest['weight'],
  turn: Turn,
): Promise<RowsToEvaluate> {
  const { image, network } = served;
  if (image === null) throw unlike(info, 'holds pictures, and the model did not learn from such a dataset');
  refuseOtherClasses(served, info, info.index.labels);
  refuseWeight(info, weight);
  const rows = rowsToTest(info);
  const inputs = new Uint8Array(rows.length * network.inputs);
  let next = 0;
  await content.fitAll(image, (row, fitted) => {
    if (rows[next] === row) inputs.set(fitted, next++ * network.inputs);
  });
  const targets = Uint16Array.from(rows, (row) => info.index.classes[row] ?? 0);
  return predictAll(
    served,
    { count: rows.length, width: network.inputs, inputs, targets, weights: null },
    rows,
    turn,
  );
}

function rowsToTest({ index }: PicturesInfo): Uint32Array {
  const codes = Uint8Array.from(index.splits ?? index.classes.map(() => 0));
  const test = rowsIn(codes, 'test');
  return test.length > 0 ? test : Uint32Array.from(codes.keys()).filter((row) => codes[row] !== leftOut);
}

const leftOut = rowSplits.indexOf('left_out');

async function predictAll(
  served: ServedModel,
  samples: Samples,
  rows: Uint32Array,
  turn: Turn,
): Promise<RowsToEvaluate> {
  const predict = async (inputs: Float32Array, count: number): Promise<Float32Array> =>
    (await served.predict({ inputs, count })).results;
  return {
    results: await predictSamples(predict, samples, served.network.outputs, turn),
    targets: Float64Array.from(samples.targets),
    rows,
    weight: null,
    leftOut: { without_target: 0, unreadable: 0 },
  };
}

function refuseOtherClasses({ head }: ServedModel, info: DatasetInfo, labels: readonly string[]): void {
  if (head.kind === 'classes' && labels.join('\0') === head.labels.join('\0')) return;
  throw unlike(info, 'has other classes than the model');
}

function refuseWeight({ name }: DatasetInfo, weight: EvaluationRequest['weight']): void {
  if (typeof weight !== 'string') return;
  const message = `${name} has no columns that could weigh its rows.`;
  throw new TrainyardError('INVALID_REQUEST', message, { pointer: '/weight' });
}

function unlike({ name }: DatasetInfo, problem: string): TrainyardError {
  return new TrainyardError('INVALID_REQUEST', `${name} ${problem}.`, { pointer: '/dataset' });
}

async function evaluate(
  { head, manifest }: ServedModel,
  rows: RowsToEvaluate,
  turn: Turn,
): Promise<Evaluation> {
  return head.kind === 'classes'
    ? evaluateLabels(head, wantedPositive(manifest.spec), rows, turn)
    : evaluateNumbers(head.names, rows);
}

async function evaluateLabels(
  head: ClassHead,
  wanted: string | undefined,
  { results: probabilities, targets: classes, rows, weight }: RowsToEvaluate,
  turn: Turn,
): Promise<Evaluation> {
  const { labels, threshold, temperature } = head;
  const weighed = { probabilities, classes, weights: weight?.ofRows };
  const positive = threshold?.positive ?? positiveOf(head, classFrequencies(classes, labels.length), wanted);
  const frequencies = classFrequencies(classes, labels.length, weighed.weights);
  const mistakes = classMistakes(weighed, head, rows, mistakesShown);
  const examples = cellExamples(weighed, head, rows);
  return {
    format_version: 1,
    task: 'classification',
    labels,
    ...(labels.length === 2 && { positive: labels[positive] ?? '' }),
    ...(threshold && { threshold: { at_least: threshold.at_least, by: 'model' as const } }),
    ...(temperature !== undefined && { calibration: { temperature, before: {} } }),
    test: {
      ...(await evaluateClasses(weighed, { labels, positive, threshold, turn })),
      ...classDrawings(weighed, { labels, positive, threshold }),
      baselines: { constant: await constantClass(frequencies, weighed, { labels, positive, turn }) },
    },
    mistakes: { split: 'test', rows: mistakes },
    ...(examples && { examples: { split: 'test' as const, rows: examples } }),
  };
}

function evaluateNumbers(
  names: string[],
  { results: predicted, targets: actual, rows, weight }: RowsToEvaluate,
): Evaluation {
  const weighed = { predicted, actual, weights: weight?.ofRows };
  const means = meansOf(actual, names.length, weighed.weights);
  return {
    format_version: 1,
    task: 'regression',
    test: {
      ...evaluateAndDrawValues(weighed, names),
      baselines: { constant: constantValues(means, weighed, names) },
    },
    mistakes: { split: 'test', rows: valueMistakes(weighed, names, rows, mistakesShown) },
  };
}

/** As the job asked. */
function wantedPositive(spec: unknown): string | undefined {
  return ((spec ?? {}) as { positive?: string }).positive;
}
