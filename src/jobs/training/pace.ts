/**
 * How fast one kind of work goes: how much of it to ask of the engine at a time, so that a stop is heard soon, and how
 * long what is left will take. Times are milliseconds of a clock that only moves forward.
 */

/** Long enough to lose nothing between two calls, short enough to react. */
const callMs = 50;
/** Over which the speed is averaged; what is older counts less and less. */
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
  /** Of late. A first call, which takes longer than others, so counts for no more than its time. */
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
