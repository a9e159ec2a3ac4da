/** Follows the events of runs as they are written, by this process or another, for any number of listeners. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { RunEvent } from '../runs/run-events.js';
import { logStart } from '../runs/run-log.js';
import type { RunStore } from '../runs/run-store.js';
import { jobNotFound } from './run-to-job.js';
import { withoutOutcomes } from './shown-event.js';

type RunListener = (events: readonly RunEvent[]) => void;

export interface EventFeed {
  /**
   * Calls `listener` with every event whose seq is above `after`, in order and each once. The last event, `done`, is
   * always passed on, whatever `after` is. All listeners to a run that have the same events behind them get the same
   * list of the same objects.
   * @returns a function that stops following
   * @throws TrainyardError JOB_NOT_FOUND, RUN_CORRUPT
   */
  follow(runId: string, after: number, listener: RunListener): Promise<() => void>;
  /** Stops following all runs. */
  stop(): void;
}

/** A run with listeners. */
interface FollowedRun {
  /** All events so far. The run is read once for all its listeners, those that come later included. */
  events: RunEvent[];
  listeners: Set<RunListener>;
  /** Resolves when the first events have been read. */
  begun: Promise<void>;
}

export function createEventFeed(options: {
  store: Pick<RunStore, 'readSpec' | 'readEvents'>;
  log: Pick<Logger, 'warn'>;
  /** Between two looks at a run. */
  lookEveryMs?: number;
}): EventFeed {
  const { store, log, lookEveryMs = 250 } = options;
  const followed = new Map<string, FollowedRun>();

  function begin(runId: string): FollowedRun {
    const run: FollowedRun = { events: [], listeners: new Set(), begun: Promise.resolve() };
    let next = logStart;
    const read = async (): Promise<void> => {
      const found = await store.readEvents(runId, next);
      next = found.next;
      const events = found.events.map(withoutOutcomes);
      run.events.push(...events);
      if (events.length > 0) for (const listener of [...run.listeners]) listener(events);
    };
    followed.set(runId, run);
    run.begun = read();
    void run.begun.then(() => keepReading(runId, run, read)).catch(() => followed.delete(runId));
    return run;
  }

  async function keepReading(runId: string, run: FollowedRun, read: () => Promise<void>): Promise<void> {
    while (followed.get(runId) === run && run.events.at(-1)?.type !== 'done') {
      await sleep(lookEveryMs, undefined, { ref: false });
      await read().catch((err: unknown) =>
        log.warn({ err, job: runId }, 'cannot read the events; trying again'),
      );
    }
  }

  function leave(runId: string, run: FollowedRun, listener: RunListener): void {
    run.listeners.delete(listener);
    if (run.listeners.size === 0 && followed.get(runId) === run) followed.delete(runId);
  }

  return {
    async follow(runId, after, listener) {
      if ((await store.readSpec(runId)) === null) jobNotFound(runId);
      const run = followed.get(runId) ?? begin(runId);
      let hasCaughtUp = false;
      // It is registered at once, so that the run is kept. It gets new events once it has had the earlier ones.
      const listen: RunListener = (events) => {
        if (!hasCaughtUp) return;
        const isNew = ({ seq, type }: RunEvent): boolean => seq > after || type === 'done';
        const newEvents = events.every(isNew) ? events : events.filter(isNew);
        if (newEvents.length > 0) listener(newEvents);
      };
      run.listeners.add(listen);
      try {
        await run.begun;
      } catch (error) {
        leave(runId, run, listen);
        throw error;
      }
      hasCaughtUp = true;
      listen([...run.events]);
      return () => leave(runId, run, listen);
    },

    stop() {
      followed.clear();
    },
  };
}
