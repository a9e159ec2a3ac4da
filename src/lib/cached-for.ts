/**
 * Calls `load` at most once in `forMs`, however often the result is wanted. Callers meanwhile share the call under way, and
 * then its result or its failure.
 */
export function cachedFor<T>(
  load: () => Promise<T>,
  forMs: number,
  nowMs: () => number = () => performance.now(),
): () => Promise<T> {
  let latest: Promise<T> | undefined;
  let untilMs = 0;
  return () => {
    if (latest === undefined || nowMs() >= untilMs) {
      untilMs = Infinity;
      latest = load().finally(() => (untilMs = nowMs() + forMs));
    }
    return latest;
  };
}
