/** Work that must not run twice at the same time. */

interface Runs {
  running: Promise<void>;
  /** The one run that waits for `running` to end. */
  next: Promise<void> | undefined;
}

/**
 * Calls `work` once at a time for each key. All who call while it runs share one further run, since the run under way may
 * have missed what they changed.
 */
export function oneAtATime<Key = void>(work: (key: Key) => Promise<void>): (key: Key) => Promise<void> {
  const runsByKey = new Map<Key, Runs>();

  async function runNext(key: Key, runs: Runs): Promise<void> {
    await runs.running.catch(() => undefined);
    runs.next = undefined;
    runs.running = work(key);
    try {
      await runs.running;
    } finally {
      deleteIfIdle(key, runs);
    }
  }

  function deleteIfIdle(key: Key, { next }: Runs): void {
    if (next === undefined) runsByKey.delete(key);
  }

  return (key) => {
    const runs = runsByKey.get(key) ?? { running: Promise.resolve(), next: undefined };
    runsByKey.set(key, runs);
    runs.next ??= runNext(key, runs);
    return runs.next;
  };
}
