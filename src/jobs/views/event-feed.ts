/** The events of runs as they happen, from whatever process, for as many listeners as there are. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { RunEvent } from '../runs/documents.js';
import { logStart } from '../runs/run-log.js';
import type { RunStore } from '../runs/run-store.js';
import { jobNotFound } from './run-to-job.js';

export interface EventFeed {
  /**
   * Tells every event after the seq `after`, in order and each once, up to the last one, `done`, which is told whatever
   * `after` is; the same objects, and the same list of them, to all who
   * listen to the run and were told as much before.
   * @returns stops it
   * @throws TrainyardError JOB_NOT_FOUND, RUN_CORRUPT
   */
  follow(runId: string, after: number, tell: (events: readonly RunEvent[]) => void): Promise<() => void>;
  stop(): void;
}

type Tell = (events: readonly RunEvent[]) => void;

/** A run that somebody listens to. */
interface FollowedRun {
  /** All so far. The run is read once for all who listen to it, and for who comes later. */
  events: RunEvent[];
  listeners: Set<Tell>;
  /** When the first events are there. */
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
      run.events.push(...found.events);
      if (found.events.length > 0) for (const tell of [...run.listeners]) tell(found.events);
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

  function leave(runId: string, run: FollowedRun, tell: Tell): void {
    run.listeners.delete(tell);
    if (run.listeners.size === 0 && followed.get(runId) === run) followed.delete(runId);
  }

  return {
    async follow(runId, after, tell) {
      if ((await store.readSpec(runId)) === null) jobNotFound(runId);
      const run = followed.get(runId) ?? begin(runId);
      let isTold = false;
      // Registered at once, so that the run is kept; told of what comes once it has been told of what was.
      const listen: Tell = (events) => {
        if (!isTold) return;
        const isNews = ({ seq, type }: RunEvent): boolean => seq > after || type === 'done';
        const news = events.every(isNews) ? events : events.filter(isNews);
        if (news.length > 0) tell(news);
      };
      run.listeners.add(listen);
      try {
        await run.begun;
      } catch (error) {
        leave(runId, run, listen);
        throw error;
      }
      isTold = true;
      listen([...run.events]);
      return () => leave(runId, run, listen);
    },

    stop() {
      followed.clear();
    },
  };
}
