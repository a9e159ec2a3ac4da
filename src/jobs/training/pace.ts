/**
 * When a run looks up from its work: after how many batches, so that it notices a request to stop soon, and when a
 * checkpoint is due. Times are milliseconds of a clock that only moves forward.
 */
import type { CheckpointPolicy } from '../runs/run-spec.js';

/** Long enough to lose nothing between two calls, short enough to react. */
const callMs = 50;
/** The speed is averaged over about this time; what is older counts less and less. */
const memoryMs = 5_000;

/** How fast one kind of work goes. */
export interface Pace {
  /** Batches that take about `callMs`; at least 1. */
  batchesPerCall(): number;
  /** After a call of the engine. */
  ran(batches: number, samples: number, elapsedMs: number): void;
  /** null before the first call. */
  samplesPerSecond(): number | null;
  /** For what is left; null before the first call. */
  secondsLeft(samples: number): number | null;
}

export function createPace(): Pace {
  let batchesPerCall = 1;
  /** Of late. Speed is samples by time, so that a first call, which is slower than others, counts no more than its time. */
  let [samplesSeen, msSeen] = [0, 0];
  const samplesPerMs = (): number | null => (msSeen === 0 ? null : samplesSeen / msSeen);
  return {
    batchesPerCall: () => batchesPerCall,

    ran(batches, samples, elapsedMs) {
      // A clock too coarse for a short call must not make the speed infinite.
      const ms = Math.max(elapsedMs, 0.01);
      const kept = Math.exp(-ms / memoryMs);
      samplesSeen = kept * samplesSeen + samples;
      msSeen = kept * msSeen + ms;
      const ideal = Math.round((batches * callMs) / ms);
      batchesPerCall = Math.max(1, Math.min(ideal, 2 * batchesPerCall));
    },

    samplesPerSecond() {
      const speed = samplesPerMs();
      return speed === null ? null : Math.round(speed * 1_000);
    },

    secondsLeft(samples) {
      const speed = samplesPerMs();
      return speed === null ? null : samples / speed / 1_000;
    },
  };
}

/** Where the policy says nothing: what a crash may cost, unless checkpoints would take more than a hundredth of the time. */
const defaultEveryMs = 10_000;
const trainingTimePerCheckpointTime = 100;

/** When a run is due for a checkpoint by its policy. */
export interface CheckpointClock {
  /** How many steps may be done in one go without passing one at which a checkpoint is due. */
  stepsAtOnce(step: number): number;
  isDue(step: number): boolean;
  /** A checkpoint was written, and took that long. */
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
      if (everySeconds === null) everyMs = Math.max(defaultEveryMs, trainingTimePerCheckpointTime * tookMs);
    },
  };
}
