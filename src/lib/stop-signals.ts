/**
 * SIGINT and SIGTERM as requests to stop. On Ctrl-C a terminal signals every process, and npm passes the signal on to its child
 * again: both are one request. A signal that comes later means that the process must stop at once.
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
  const onSignal = (signal: StopSignal): void => {
    const nowMs = performance.now();
    if (firstAtMs === undefined) listener.stop(signal);
    else if (nowMs - firstAtMs > repeatedWithinMs) listener.stopAtOnce();
    firstAtMs ??= nowMs;
  };
  for (const signal of stopSignals) process.on(signal, onSignal);
  return () => {
    for (const signal of stopSignals) process.off(signal, onSignal);
  };
}
