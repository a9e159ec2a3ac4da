/**
 * How fast one kind of work goes: how much of it to ask of the engine at a time, so that a stop is heard soon, and how
 * long what is left will take. Times are milliseconds of a clock that only moves forward.
 */

/** Long enough to lose nothing between two calls, short enough to react. */
const callMs = 50;
/** Over which the speed is averaged. */
const memoryMs = 5_000;

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
  let samplesPerMs: number | null = null;
  return {
    batchesPerCall: () => batchesPerCall,

    ran(batches, samples, elapsedMs) {
      // A clock too coarse for a short call must not make the speed infinite.
      const ms = Math.max(elapsedMs, 0.01);
      const speed = samples / ms;
      const weight = 1 - Math.exp(-ms / memoryMs);
      samplesPerMs = samplesPerMs === null ? speed : samplesPerMs + weight * (speed - samplesPerMs);
      const ideal = Math.round((batches * callMs) / ms);
      batchesPerCall = Math.max(1, Math.min(ideal, 2 * batchesPerCall));
    },

    samplesPerSecond: () => (samplesPerMs === null ? null : Math.round(samplesPerMs * 1_000)),

    secondsLeft: (samples) => (samplesPerMs === null ? null : samples / samplesPerMs / 1_000),
  };
}
