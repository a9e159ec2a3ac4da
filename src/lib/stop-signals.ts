/**
 * SIGINT and SIGTERM as requests to stop. A terminal sends a Ctrl-C to every process, and npm passes it on to its child once
 * more; both are the same request. A signal that comes later means: stop at once.
 */
const stopSignals = ['SIGINT', 'SIGTERM'] as const;
const repeatedWithinMs = 1_000;

export type StopSignal = (typeof stopSignals)[number];

/** Returns a function that stops listening. */
export function onStopSignal(listener: {
  stop: (signal: StopSignal) => void;
  stopAtOnce: () => void;
}): () => void {
  let firstAtMs: number | undefined;
  const hear = (signal: StopSignal): void => {
    const nowMs = performance.now();
    if (firstAtMs === undefined) listener.stop(signal);
    else if (nowMs - firstAtMs > repeatedWithinMs) listener.stopAtOnce();
    firstAtMs ??= nowMs;
  };
  for (const signal of stopSignals) process.on(signal, hear);
  return () => {
    for (const signal of stopSignals) process.off(signal, hear);
  };
}
