/** When a run is due for a checkpoint by its policy. Times are milliseconds of a clock that only moves forward. */
import type { CheckpointPolicy } from '../runs/documents.js';

/** Where the policy says nothing: what a crash may cost, and how much of the time checkpoints may take for that. */
const defaultEveryMs = 10_000;
const timeForOne = 100;

export interface CheckpointClock {
  /** How many of the steps to come may be done in one go, so that none is passed at which a checkpoint is due. */
  stepsAtOnce(step: number): number;
  isDue(step: number): boolean;
  /** A checkpoint was written, which took that long. */
  wrote(step: number, tookMs: number): void;
}

export function createCheckpointClock(
  policy: CheckpointPolicy,
  start: { step: number },
  nowMs: () => number,
): CheckpointClock {
  const { every_steps: everySteps, every_seconds: everySeconds } = policy;
  let last = { step: start.step, atMs: nowMs() };
  let everyMs = everySeconds === null ? defaultEveryMs : everySeconds * 1_000;
  return {
    stepsAtOnce: (step) => (everySteps === null ? Infinity : everySteps - (step % everySteps)),

    isDue(step) {
      if (step === last.step) return false;
      return everySteps === null ? nowMs() - last.atMs >= everyMs : step % everySteps === 0;
    },

    wrote(step, tookMs) {
      last = { step, atMs: nowMs() };
      if (everySeconds === null) everyMs = Math.max(defaultEveryMs, timeForOne * tookMs);
    },
  };
}
