/** What an engine makes of a problem, to be compared with what another one makes of it. */
import { expect } from 'vitest';
import {
  evaluationBatchSize,
  type BatchReport,
  type Engine,
  type SplitName,
  type Trainer,
  type TrainingResources,
} from '../../../src/model/engines/engine.js';
import { countCorrect } from '../../../src/model/metrics/classification.js';
import type { TrainingState } from '../../../src/model/network/initialization.js';
import type { StateDict } from '../../../src/model/network/network.js';
import { expectClose } from './close.js';
import type { Tolerance } from './close.js';
import type { Problem } from './problem.js';

/** A training over the end of an epoch. */
export interface Course {
  reports: { of: string; split: SplitName; report: BatchReport }[];
  /** After 3 steps. */
  half: TrainingState;
  /** After 7 steps. */
  end: TrainingState;
}

export async function courseOf(
  engine: Engine,
  problem: Problem,
  resources: TrainingResources,
): Promise<Course> {
  const { program, data, start } = problem;
  const trainer = await engine.trainer(program, data, start, resources);
  const reports: Course['reports'] = [];
  const run = async (steps: number) => {
    reports.push({ of: `${steps} steps`, split: 'train', report: await trainer.run(steps) });
  };
  const evaluate = async (split: SplitName) => {
    const of = `the evaluation of the ${split} split`;
    reports.push({ of, split, report: await evaluated(trainer, problem, split) });
  };
  await evaluate('test');
  await run(1);
  await run(2);
  const half = await trainer.snapshot();
  await run(4);
  for (const split of ['train', 'validation', 'test'] as const) await evaluate(split);
  const end = await trainer.snapshot();
  await trainer.dispose();
  return { reports, half, end };
}

/** The state after so many steps. */
export async function trained(
  engine: Engine,
  { program, data }: Problem,
  from: TrainingState,
  steps: number,
  resources: TrainingResources,
): Promise<TrainingState> {
  const trainer = await engine.trainer(program, data, from, resources);
  await trainer.run(steps);
  const state = await trainer.snapshot();
  await trainer.dispose();
  return state;
}

/** Of the whole split. */
export function evaluated(trainer: Trainer, { data }: Problem, split: SplitName): Promise<BatchReport> {
  return trainer.evaluate(split, 0, Math.ceil(data[split].count / evaluationBatchSize));
}

/** Raw outputs (count, outputs) by the parameters that the problem starts from. */
export async function predicted(
  engine: Engine,
  { program, start }: Problem,
  raw: Float32Array,
  count: number,
): Promise<Float32Array> {
  const predictor = await engine.predictor(program, start.parameters);
  try {
    return await predictor.predict(raw, count);
  } finally {
    predictor.dispose();
  }
}

/**
 * For the states `absolute` is a fraction of a tensor's largest number, since what an optimiser keeps may be tiny; for the
 * outputs, of the largest output.
 */
export function expectSameCourse(
  actual: Course,
  expected: Course,
  { data }: Problem,
  tolerance: Tolerance,
): void {
  expected.reports.forEach(({ of, split, report }, i) => {
    const { lossSums, weightSums, rows, outputs } = actual.reports[i].report;
    expectClose(`the losses of ${of}`, lossSums, report.lossSums, tolerance);
    expect({ of, weightSums, rows }).toEqual({ of, weightSums: report.weightSums, rows: report.rows });
    expectCloseTensor(`the outputs of ${of}`, outputs, report.outputs, tolerance);
    const { targets } = data[split];
    if (targets instanceof Float32Array) return;
    expect(countCorrect({ rows, outputs }, targets), of).toBe(countCorrect(report, targets));
  });
  for (const at of ['half', 'end'] as const) {
    expect(actual[at].step).toBe(expected[at].step);
    expectSameTensors(actual[at].parameters, expected[at].parameters, tolerance);
    expectSameTensors(actual[at].optimizer, expected[at].optimizer, tolerance);
  }
}

function expectSameTensors(actual: StateDict, expected: StateDict, tolerance: Tolerance): void {
  expect([...actual.keys()]).toEqual([...expected.keys()]);
  for (const [name, { shape, data }] of expected) {
    expect(actual.get(name)?.shape).toEqual(shape);
    expectCloseTensor(name, actual.get(name)?.data ?? [], data, tolerance);
  }
}

function expectCloseTensor(
  what: string,
  actual: ArrayLike<number>,
  expected: Float32Array,
  tolerance: Tolerance,
): void {
  const largest = expected.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  expectClose(what, actual, expected, { ...tolerance, absolute: tolerance.absolute * largest });
}

/** A state as text that is equal only where every bit is. */
export function bits({ step, parameters, optimizer }: TrainingState): string[] {
  const tensors = [...parameters, ...optimizer].map(([name, { shape, data }]) => {
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    return `${name} (${shape.join()}) ${bytes.toString('base64')}`;
  });
  return [`step ${step}`, ...tensors];
}
