/**
 * The evaluation of a trained model on the rows that were set apart: what they decide of its head, its figures beside those of
 * baselines, its mistakes, and what its columns are worth. The same model and rows give the same document.
 */
import type { Predictor, Samples } from '../engines/engine.js';
import { applyHead, type ClassHead, type Head, type ValueHead } from '../heads/head.js';
import { logLosses } from '../metrics/probabilities.js';
import { weightedMean } from '../metrics/row-weights.js';
import { parameterCount, type NetworkSpec } from '../network/network.js';
import type { TablePreprocessing } from '../preprocessing/table.js';
import { classFrequencies, constantClass, constantValues, meansOf } from './constant-baseline.js';
import { decideHead, positiveOf, type HeadRequest } from './decide-head.js';
import { cellExamples } from './cell-examples.js';
import { classDrawings } from './class-drawings.js';
import { classMistakes, evaluateClasses } from './evaluate-classes.js';
import { evaluateValues, valueMistakes } from './evaluate-values.js';
import type { ColumnImportance, Evaluation, Examples, Mistakes, SplitEvaluation } from './evaluation.js';
import type { Figures } from './figures.js';
import { columnImportance } from './importance.js';
import { chosenSamples, predictSamples, spacedRows, type PredictOutputs } from './predicted-rows.js';
import { turn as plainTurn, type Turn } from './turn.js';
import { evaluateAndDrawValues } from './value-drawings.js';

export const mistakesShown = 20;

export interface EvaluatedSamples {
  samples: Samples;
  /** (samples.count) Their rows in the dataset, from 0. */
  rows: ArrayLike<number>;
}

export interface ModelToEvaluate {
  network: NetworkSpec;
  head: Head;
  preprocessing?: TablePreprocessing | undefined;
  /** How many networks answer together; left out: 1. */
  ensemble?: number | undefined;
  /** Raw outputs. */
  predict: PredictOutputs;
}

/** The weights of samples are those of their rows: how much each counts in the figures. Weights of classes are none of them. */
export interface EvaluationTask {
  model: ModelToEvaluate;
  train: Samples;
  validation: EvaluatedSamples;
  test: EvaluatedSamples;
  wanted: HeadRequest;
  seed: number;
  /** Trains the linear baseline; null: there is none. Left out: figures are all that is wanted. */
  linear?: (onProgress: OnProgress) => Promise<Predictor | null>;
  onProgress?: OnProgress;
  /** Taken all along. */
  turn?: Turn;
}

/** How much of the work is done, from 0 to 1. */
type OnProgress = (fraction: number) => Promise<void>;

const evaluatedSplits = ['validation', 'training', 'test'] as const;
type SplitName = (typeof evaluatedSplits)[number];

/** `training`: some of the training rows, where no rows decide. */
type FullTask = EvaluationTask & { training: EvaluatedSamples; turn: Turn; onProgress: OnProgress };

const mostTrainingRows = 5_000;

/** What a model or a baseline gives for the rows of each split, raw: (count, outputs). */
type SplitOutputs = Record<SplitName, Float32Array>;

/** The document, and the head with what the validation rows decided. */
export interface Evaluated {
  evaluation: Evaluation;
  head: Head;
}

/** Where the work of each part begins, as a fraction. */
const begins = { linear: 0.1, importance: 0.6 };

export async function evaluateModel(asked: EvaluationTask): Promise<Evaluated> {
  const { turn = plainTurn, onProgress = () => Promise.resolve() } = asked;
  const task: FullTask = { ...asked, training: trainingRowsOf(asked), turn, onProgress };
  const { model } = task;
  const outputs = await outputsOf(model.predict, task, (done) => onProgress(done * begins.linear));
  await onProgress(begins.linear);
  const linear = await task.linear?.((done) =>
    onProgress(begins.linear + done * (begins.importance - begins.linear)),
  );
  const ofLinear = linear ? await outputsOfLinear(linear, task) : null;
  await onProgress(begins.importance);
  const { head } = model;
  const evaluated =
    head.kind === 'classes'
      ? await evaluateClassifier(task, head, outputs, ofLinear)
      : evaluateRegression(task, head, outputs, ofLinear);
  const importance = task.linear && (await importanceOf(task, evaluated.head));
  await onProgress(1);
  return {
    head: evaluated.head,
    evaluation: { ...evaluated.evaluation, ...(importance && { importance }) },
  };
}

/** The figures of the epoch's steps are no substitute: those steps were done by other parameters. */
function trainingRowsOf({ model, train, validation }: EvaluationTask): EvaluatedSamples {
  const rows = spacedRows(train.count, validation.samples.count > 0 ? 0 : mostTrainingRows);
  return { samples: chosenSamples(train, rows, model.network.outputs), rows };
}

async function outputsOf(
  predict: PredictOutputs,
  task: FullTask,
  onProgress: OnProgress,
): Promise<SplitOutputs> {
  const total = evaluatedSplits.reduce((sum, split) => sum + task[split].samples.count, 0);
  let before = 0;
  const ofSplit = async (split: SplitName): Promise<Float32Array> => {
    const { samples } = task[split];
    const outputs = await predictSamples(predict, samples, task.model.network.outputs, async (done) => {
      await task.turn();
      await onProgress((before + done) / total);
    });
    before += samples.count;
    return outputs;
  };
  return {
    validation: await ofSplit('validation'),
    training: await ofSplit('training'),
    test: await ofSplit('test'),
  };
}

async function outputsOfLinear(linear: Predictor, task: FullTask): Promise<SplitOutputs> {
  try {
    return await outputsOf(
      (...call) => linear.predict(...call),
      task,
      () => Promise.resolve(),
    );
  } finally {
    linear.dispose();
  }
}

async function evaluateClassifier(
  task: FullTask,
  plain: ClassHead,
  outputs: SplitOutputs,
  linear: SplitOutputs | null,
): Promise<Evaluated> {
  const { train, validation, wanted, turn } = task;
  const { labels } = plain;
  const positive = positiveOf(plain, classFrequencies(train.targets, labels.length), wanted.positive);
  const frequencies = classFrequencies(train.targets, labels.length, train.weights);
  const { targets: classes, weights } = validation.samples;
  const deciding = { outputs: outputs.validation, classes, weights };
  const { head, threshold } = await decideHead(plain, wanted, positive, deciding, turn);
  const rowsOf = (split: SplitName, raw: SplitOutputs, by: ClassHead) => ({
    probabilities: applyHead(by, raw[split].slice()),
    classes: task[split].samples.targets,
    weights: task[split].samples.weights,
  });

  async function evaluate(split: SplitName): Promise<SplitEvaluation> {
    const rows = rowsOf(split, outputs, head);
    const judge = { labels, positive, threshold: head.threshold, turn };
    const linearHead: ClassHead = { kind: 'classes', labels, probabilities: 'softmax' };
    const ofLinear =
      linear && (await evaluateClasses(rowsOf(split, linear, linearHead), { labels, positive, turn }));
    return {
      ...(await evaluateClasses(rows, judge)),
      ...classDrawings(rows, judge),
      baselines: {
        constant: await constantClass(frequencies, rows, { labels, positive, turn }),
        ...(ofLinear && { linear: ofLinear.figures }),
      },
    };
  }

  const before: { validation?: Figures; test?: Figures } = {};
  for (const split of splitsWithRows(task)) {
    if (head.temperature === undefined || split === 'training') continue;
    const { figures } = await evaluateClasses(rowsOf(split, outputs, plain), { labels, positive, turn });
    const { log_loss, calibration_error } = figures;
    before[split] = {
      ...(log_loss !== undefined && { log_loss }),
      ...(calibration_error !== undefined && { calibration_error }),
    };
  }
  const evaluation: Evaluation = {
    format_version: 1,
    task: 'classification',
    labels,
    ...(labels.length === 2 && { positive: labels[positive] }),
    ...(threshold && { threshold }),
    ...(head.temperature !== undefined && { calibration: { temperature: head.temperature, before } }),
    ...(await ofEachSplit(task, evaluate)),
    ...mistakesOf(task, (split) =>
      classMistakes(rowsOf(split, outputs, head), head, task[split].rows, mistakesShown),
    ),
    ...examplesOf(task, (split) => cellExamples(rowsOf(split, outputs, head), head, task[split].rows)),
  };
  return { evaluation, head };
}

function evaluateRegression(
  task: FullTask,
  head: ValueHead,
  outputs: SplitOutputs,
  linear: SplitOutputs | null,
): Evaluated {
  const { names } = head;
  const { train } = task;
  const means = meansOf(inTheirUnit(head, train.targets), names.length, train.weights);
  const rowsOf = (split: SplitName, raw: SplitOutputs) => ({
    predicted: applyHead(head, raw[split].slice()),
    actual: inTheirUnit(head, task[split].samples.targets),
    weights: task[split].samples.weights,
  });

  function evaluate(split: SplitName): SplitEvaluation {
    const rows = rowsOf(split, outputs);
    return {
      ...evaluateAndDrawValues(rows, names),
      baselines: {
        constant: constantValues(means, rows, names),
        ...(linear && { linear: evaluateValues(rowsOf(split, linear), names).figures }),
      },
    };
  }

  const splits: Partial<Record<SplitName, SplitEvaluation>> = {};
  for (const split of splitsWithRows(task)) splits[split] = evaluate(split);
  const evaluation: Evaluation = {
    format_version: 1,
    task: 'regression',
    ...splits,
    ...mistakesOf(task, (split) =>
      valueMistakes(rowsOf(split, outputs), names, task[split].rows, mistakesShown),
    ),
  };
  return { evaluation, head };
}

function splitsWithRows(task: FullTask): SplitName[] {
  return evaluatedSplits.filter((split) => task[split].samples.count > 0);
}

async function ofEachSplit(
  task: FullTask,
  evaluate: (split: SplitName) => Promise<SplitEvaluation>,
): Promise<Partial<Record<SplitName, SplitEvaluation>>> {
  const splits: Partial<Record<SplitName, SplitEvaluation>> = {};
  for (const split of splitsWithRows(task)) splits[split] = await evaluate(split);
  return splits;
}

function mistakesOf(
  task: FullTask,
  of: (split: Mistakes['split']) => Mistakes['rows'],
): { mistakes?: Mistakes } {
  const split = shownSplit(task);
  return split === undefined ? {} : { mistakes: { split, rows: of(split) } };
}

function examplesOf(
  task: FullTask,
  of: (split: Mistakes['split']) => Examples['rows'] | null,
): { examples?: Examples } {
  const split = shownSplit(task);
  const rows = split === undefined ? null : of(split);
  return split === undefined || rows === null ? {} : { examples: { split, rows } };
}

/** The test rows, or else those that decided. */
function shownSplit(task: FullTask): Mistakes['split'] | undefined {
  return (['test', 'validation'] as const).find((each) => task[each].samples.count > 0);
}

/** (count, names) */
function inTheirUnit(head: ValueHead, targets: Samples['targets']): Float64Array {
  return applyHead(head, Float64Array.from(targets));
}

const importanceBounds = { rows: 2_000, leastRows: 100, repetitions: 3, work: 1e10 };

/** null: the model takes no columns, or there are no rows to find it by. */
async function importanceOf(
  { model, validation, seed, turn, onProgress }: FullTask,
  head: Head,
): Promise<ColumnImportance | null> {
  const { network, preprocessing, ensemble = 1, predict } = model;
  if (preprocessing === undefined || validation.samples.count === 0) return null;
  const { leastRows, repetitions, work } = importanceBounds;
  const perRow = preprocessing.columns.length * repetitions * parameterCount(network) * ensemble;
  const most = Math.max(leastRows, Math.min(importanceBounds.rows, Math.floor(work / perRow)));
  const rows = spacedRows(validation.samples.count, most);
  const samples = chosenSamples(validation.samples, rows, network.outputs);
  return columnImportance({
    samples,
    preprocessing,
    predict,
    outputs: network.outputs,
    figure: head.kind === 'classes' ? 'log_loss' : 'rmse',
    figureOf: (outputs) => importanceFigure(head, applyHead(head, outputs), samples),
    seed,
    repetitions,
    turn,
    onProgress: (done) => onProgress(begins.importance + done * (1 - begins.importance)),
  });
}

function importanceFigure(head: Head, results: Float32Array, { targets, weights }: Samples): number {
  if (head.kind === 'classes') return weightedMean(logLosses(results, targets, head.labels.length), weights);
  const rows = { predicted: results, actual: inTheirUnit(head, targets), weights };
  return evaluateValues(rows, head.names).figures.rmse ?? 0;
}
