/** Evaluates a version on the rows of a dataset, in the process that serves it: in slices, so that others are answered meanwhile. */
import type { Dataset, DatasetInfo } from '../../data/dataset.js';
import type { DatasetStore } from '../../data/store.js';
import { TrainyardError } from '../../errors.js';
import {
  classFrequencies,
  constantClass,
  constantValues,
  meansOf,
} from '../../model/evaluation/constant-baseline.js';
import { positiveOf } from '../../model/evaluation/decide-head.js';
import { classMistakes, evaluateClasses } from '../../model/evaluation/evaluate-classes.js';
import { mistakesShown } from '../../model/evaluation/evaluate-model.js';
import { evaluateValues, valueMistakes } from '../../model/evaluation/evaluate-values.js';
import type { Evaluation } from '../../model/evaluation/evaluation.js';
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
}

export interface DatasetEvaluation extends Evaluation {
  model: { name: string; version: number };
  dataset: { name: string; version: number };
  /** Rows that were not evaluated. */
  left_out: { without_target: number; unreadable: number };
}

export interface DatasetEvaluations {
  /**
   * @throws TrainyardError INVALID_REQUEST with what to change, DATASET_TOO_LARGE, INPUT_UNSUPPORTED, and what
   * `DatasetStore.info` and `ModelServer.use` throw
   */
  evaluate(model: string, request: EvaluationRequest): Promise<DatasetEvaluation>;
}

/** More take longer than a client waits for; a batch predicts any number. */
const defaultMostRows = 100_000;

export function createDatasetEvaluations({
  datasets,
  models,
  mostRows = defaultMostRows,
}: {
  datasets: Pick<DatasetStore, 'info' | 'load' | 'openTable'>;
  models: Pick<ModelServer, 'use'>;
  mostRows?: number;
}): DatasetEvaluations {
  return {
    async evaluate(model, request) {
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
        const rows =
          info.kind === 'table'
            ? await readTableForEvaluation(
                served,
                info,
                await datasets.openTable(info.name, info.version),
                request.target,
              )
            : await readArrays(served, await datasets.load(info.name, info.version));
        if (rows.rows.length === 0) throw noRows(info);
        const { manifest } = served;
        return {
          model: { name: manifest.model, version: manifest.version },
          dataset: { name: info.name, version: info.version },
          left_out: rows.leftOut,
          ...(await evaluate(served, rows)),
        };
      });
    },
  };
}

function refuseTooMany(info: DatasetInfo, most: number): void {
  const rows = info.kind === 'table' ? info.schema.rows : info.testCount;
  if (rows <= most) return;
  const message =
    `${info.name} has ${rows} rows, and at most ${most} are evaluated at a time. Upload a sample of them, ` +
    'or predict all of them with POST /v1/batches.';
  throw new TrainyardError('DATASET_TOO_LARGE', message, { pointer: '/dataset' });
}

function noRows({ name }: DatasetInfo): TrainyardError {
  const message = `No row of ${name} can be evaluated: every row lacks its target, or has a cell that the model cannot read.`;
  return new TrainyardError('INVALID_REQUEST', message, { pointer: '/dataset' });
}

async function readArrays(served: ServedModel, { info, test }: Dataset): Promise<RowsToEvaluate> {
  const { head, network, preprocessing } = served;
  const unlike = (problem: string): TrainyardError =>
    new TrainyardError('INVALID_REQUEST', `${info.name} ${problem}.`, { pointer: '/dataset' });
  if (preprocessing !== null) throw unlike('has no columns, and the model takes those of a table');
  if (info.inputs !== network.inputs)
    throw unlike(`has samples of ${info.inputs} numbers, and the model takes ${network.inputs}`);
  const labels = info.targets.kind === 'classes' ? info.targets.labels : [];
  if (head.kind !== 'classes' || labels.join('\0') !== head.labels.join('\0'))
    throw unlike('has other classes than the model');
  if (test.count === 0) throw unlike('has no test samples');
  const inputs = Float32Array.from(test.inputs);
  const { results } = await served.predict({ inputs, count: test.count });
  return {
    results,
    targets: Float64Array.from(test.targets),
    rows: Uint32Array.from({ length: test.count }, (_, row) => row),
    leftOut: { without_target: 0, unreadable: 0 },
  };
}

async function evaluate({ head, manifest }: ServedModel, rows: RowsToEvaluate): Promise<Evaluation> {
  return head.kind === 'classes'
    ? evaluateLabels(head, wantedPositive(manifest.spec), rows)
    : evaluateNumbers(head.names, rows);
}

async function evaluateLabels(
  head: ClassHead,
  wanted: string | undefined,
  { results: probabilities, targets: classes, rows }: RowsToEvaluate,
): Promise<Evaluation> {
  const { labels, threshold, temperature } = head;
  const frequencies = classFrequencies(classes, labels.length);
  const positive = threshold?.positive ?? positiveOf(head, frequencies, wanted);
  const mistakes = classMistakes({ probabilities, classes }, head, rows, mistakesShown);
  return {
    format_version: 1,
    task: 'classification',
    labels,
    ...(labels.length === 2 && { positive: labels[positive] ?? '' }),
    ...(threshold && { threshold: { at_least: threshold.at_least, by: 'model' as const } }),
    ...(temperature !== undefined && { calibration: { temperature, before: {} } }),
    test: {
      ...(await evaluateClasses({ probabilities, classes }, { labels, positive, threshold })),
      baselines: { constant: await constantClass(frequencies, classes, { labels, positive }) },
    },
    mistakes: { split: 'test', rows: mistakes },
  };
}

function evaluateNumbers(
  names: string[],
  { results: predicted, targets: actual, rows }: RowsToEvaluate,
): Evaluation {
  return {
    format_version: 1,
    task: 'regression',
    test: {
      ...evaluateValues({ predicted, actual }, names),
      baselines: { constant: constantValues(meansOf(actual, names.length), actual, names) },
    },
    mistakes: { split: 'test', rows: valueMistakes({ predicted, actual }, names, rows, mistakesShown) },
  };
}

/** As the job asked. */
function wantedPositive(spec: unknown): string | undefined {
  return ((spec ?? {}) as { positive?: string }).positive;
}
