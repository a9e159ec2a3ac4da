/**
 * Watches a run that is being trained: whether a pause was asked for, whether it is out of time, and whether another process
 * has taken it over. It looks at the files, and so notices requests from any process, even while the queue is away.
 */
import type { Logger } from 'pino';
import type { RunStore } from '../runs/run-store.js';

export interface RunWatch {
  /** Asks to checkpoint and release the run; `reason` says why. */
  readonly stop: AbortSignal;
  /** Another process owns the run, or it has ended. */
  readonly kill: AbortSignal;
  /** Why it asked to stop; null while it did not. */
  reason(): 'pause' | 'out_of_time' | null;
  end(): void;
}

export function watchRun(
  store: Pick<RunStore, 'newestTerm'>,
  { runId, term, leftMs }: { runId: string; term: number; leftMs: number },
  log: Logger,
  lookEveryMs = 250,
): RunWatch {
  const [stop, kill] = [new AbortController(), new AbortController()];
  const startedMs = performance.now();
  let reason: ReturnType<RunWatch['reason']> = null;
  let isLooking = false;

  async function look(): Promise<void> {
    const { term: newest, pauseAsked } = await store.newestTerm(runId);
    if (newest > term) kill.abort();
    reason ??= pauseAsked ? 'pause' : performance.now() - startedMs > leftMs ? 'out_of_time' : null;
    if (reason !== null) stop.abort();
  }

  const timer = setInterval(() => {
    if (isLooking) return;
    isLooking = true;
    look()
      .catch((err: unknown) => log.debug({ err }, 'cannot read what was asked of the job'))
      .finally(() => (isLooking = false));
  }, lookEveryMs);

  return { stop: stop.signal, kill: kill.signal, reason: () => reason, end: () => clearInterval(timer) };
}
