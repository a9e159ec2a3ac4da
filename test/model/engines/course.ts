/** What an engine makes of a problem, to be compared with what another one makes of it. */
import { expect } from 'vitest';
import {
  evaluationBatchSize,
  type BatchReport,
  type Engine,
  type Trainer,
  type TrainingResources,
} from '../../../src/model/engines/engine.js';
import type { TrainingState } from '../../../src/model/network/initialization.js';
import type { StateDict } from '../../../src/model/network/network.js';
import { expectClose } from './close.js';
import type { Tolerance } from './close.js';
import type { Problem } from './problem.js';

/** A training over the end of an epoch. */
export interface Course {
  /** By what was asked for. */
  reports: Record<string, BatchReport>;
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
  const reports = {
    'evaluation at the start': await evaluated(trainer, problem, 'test'),
    'the first step': await trainer.run(1),
    'two steps': await trainer.run(2),
  };
  const half = await trainer.snapshot();
  const more = {
    'four steps': await trainer.run(4),
    'evaluation of the train split': await evaluated(trainer, problem, 'train'),
    'evaluation of the test split': await evaluated(trainer, problem, 'test'),
  };
  const end = await trainer.snapshot();
  await trainer.dispose();
  return { reports: { ...reports, ...more }, half, end };
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
export function evaluated(
  trainer: Trainer,
  { data }: Problem,
  split: 'train' | 'test',
): Promise<BatchReport> {
  return trainer.evaluate(split, 0, Math.ceil(data[split].count / evaluationBatchSize));
}

/** Probabilities (count, outputs) by the parameters that the problem starts from. */
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

/** For the states `absolute` is a fraction of a tensor's largest number, since what an optimiser keeps may be tiny. */
export function expectSameCourse(actual: Course, expected: Course, tolerance: Tolerance): void {
  for (const [what, { samples, lossSums, correct }] of Object.entries(expected.reports)) {
    const report = actual.reports[what];
    expectClose(`the losses of ${what}`, report.lossSums, lossSums, tolerance);
    expect({ what, ...report, lossSums }).toEqual({ what, samples, lossSums, correct });
  }
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
    const largest = data.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    const absolute = tolerance.absolute * largest;
    expectClose(name, actual.get(name)?.data ?? [], data, { ...tolerance, absolute });
  }
}

/** A state as text that is equal only where every bit is. */
export function bits({ step, parameters, optimizer }: TrainingState): string[] {
  const tensors = [...parameters, ...optimizer].map(([name, { shape, data }]) => {
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    return `${name} (${shape.join()}) ${bytes.toString('base64')}`;
  });
  return [`step ${step}`, ...tensors];
}
