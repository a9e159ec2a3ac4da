/**
 * How fast training goes: how many steps to ask of the engine at a time, so that a stop is heard soon, and what is left.
 * Times are milliseconds of a clock that only moves forward.
 */

/** Long enough to lose nothing between two calls, short enough to react. */
const callMs = 50;
/** Over which the speed is averaged. */
const memoryMs = 5_000;

export interface Pace {
  /** Steps that take about `callMs`; at least 1. */
  stepsPerCall(): number;
  /** After a call of the engine. */
  ran(steps: number, samples: number, elapsedMs: number): void;
  evaluated(elapsedMs: number): void;
  /** null before the first call. */
  samplesPerSecond(): number | null;
  /** For what is left; null before the first call. */
  secondsLeft(samples: number, evaluations: number): number | null;
}

export function createPace(): Pace {
  let stepsPerCall = 1;
  let samplesPerMs: number | null = null;
  let evaluationMs = 0;
  return {
    stepsPerCall: () => stepsPerCall,

    ran(steps, samples, elapsedMs) {
      // A clock too coarse for a short call must not make the speed infinite.
      const ms = Math.max(elapsedMs, 0.01);
      const speed = samples / ms;
      const weight = 1 - Math.exp(-ms / memoryMs);
      samplesPerMs = samplesPerMs === null ? speed : samplesPerMs + weight * (speed - samplesPerMs);
      const ideal = Math.round((steps * callMs) / ms);
      stepsPerCall = Math.max(1, Math.min(ideal, 2 * stepsPerCall));
    },

    evaluated(elapsedMs) {
      evaluationMs = elapsedMs;
    },

    samplesPerSecond: () => (samplesPerMs === null ? null : Math.round(samplesPerMs * 1_000)),

    secondsLeft(samples, evaluations) {
      if (samplesPerMs === null) return null;
      return Math.round((samples / samplesPerMs + evaluations * evaluationMs) / 100) / 10;
    },
  };
}
