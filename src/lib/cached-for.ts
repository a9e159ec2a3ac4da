/** Asking rarely enough that it costs little, however often somebody wants to know. */

/** One question at a time, which all who ask meanwhile wait for; its answer, or its failure, holds for some time. */
export function cachedFor<T>(
  ask: () => Promise<T>,
  forMs: number,
  nowMs: () => number = () => performance.now(),
): () => Promise<T> {
  let latest: Promise<T> | undefined;
  let untilMs = 0;
  return () => {
    if (latest === undefined || nowMs() >= untilMs) {
      untilMs = Infinity;
      latest = ask().finally(() => (untilMs = nowMs() + forMs));
    }
    return latest;
  };
}
