/**
 * What is known of one job, as it happens: first its curve and its log as they stand, then its events, each once. The page is told
 * some times a second at most, however fast epochs pass.
 */
import { useEffect, useReducer, useState } from 'preact/hooks';
import { api, ApiError, type Job, type JobEvent } from '../../service/api.js';
import type { Checkpoint, EpochMetrics, Outcomes, ProgressPoint } from './job-records.js';
import { epochKey, extendCurve, shownPoints } from './curve-points.js';

export type Connection = { state: 'live' } | { state: 'lost'; retryAtMs: number } | { state: 'ended' };

const tellEveryMs = 150;
const askEveryMs = 1_000;
const mostOutcomes = 400;

export class WatchedJob {
  job: Job | undefined;
  curve: EpochMetrics[] = [];
  progress: ProgressPoint[] = [];
  outcomes: Outcomes[] = [];
  checkpoints: Checkpoint[] = [];
  /** The events that do not come again and again. */
  log: JobEvent[] = [];
  connection: Connection = { state: 'live' };
  /** The job cannot be shown, or not any more. */
  error: unknown;

  readonly #id: string;
  readonly #signal: AbortSignal;
  readonly #onChange: () => void;
  #isTelling = false;
  #isAsking = false;
  #isStale = false;
  /** The `seq` before the first event whose outcomes are not here yet; null: all are. */
  #outcomesAfter: number | null = null;
  #checkpointsAreStale = false;

  constructor(id: string, signal: AbortSignal, onChange: () => void) {
    this.#id = id;
    this.#signal = signal;
    this.#onChange = onChange;
  }

  async watch(): Promise<void> {
    try {
      const after = await this.#load();
      const events = api.jobEvents(this.#id, {
        after,
        signal: this.#signal,
        onConnect: () => {
          this.connection = { state: 'live' };
          this.#ask();
        },
        onDisconnect: (_error, nextTryMs) => {
          this.connection = { state: 'lost', retryAtMs: Date.now() + nextTryMs };
          this.#tell();
        },
      });
      for await (const event of events) this.#take(event);
      this.connection = { state: 'ended' };
      this.#ask();
    } catch (error) {
      if (this.#signal.aborted) return;
      this.error = error;
      this.#tell();
    }
  }

  /** Asks for the job now, after something was done with it. */
  refresh(): void {
    this.#ask();
  }

  /** The `seq` of the last event that is known. */
  async #load(): Promise<number> {
    const path = { id: this.#id };
    const init = { signal: this.#signal };
    // The curve first: what comes later knows at least as much, and is told apart by its epoch or its `seq`.
    const metrics = await api.get('/v1/jobs/{id}/metrics', {
      params: { path, query: { max_points: 1_000, include: 'progress' } },
      ...init,
    });
    const [job, outcomes, log, checkpoints] = await Promise.all([
      api.get('/v1/jobs/{id}', { params: { path }, ...init }),
      api.get('/v1/jobs/{id}/outcomes', { params: { path }, ...init }),
      api.get('/v1/jobs/{id}/events', {
        params: { path, query: { only: 'milestones', limit: 1_000 } },
        ...init,
      }),
      api.get('/v1/jobs/{id}/checkpoints', { params: { path }, ...init }),
    ]);
    this.job = job;
    this.curve = metrics.data;
    this.progress = metrics.progress ?? [];
    this.outcomes = outcomes.data;
    this.log = log?.data ?? [];
    this.checkpoints = checkpoints.data;
    this.#tell();
    return metrics.last_seq;
  }

  #take(event: JobEvent): void {
    switch (event.type) {
      case 'metrics':
        this.curve = extendCurve(this.curve, event.metrics);
        if (this.job) {
          this.job = { ...this.job, metrics: event.metrics, best_epoch: event.best_epoch ?? null };
        }
        break;
      case 'progress': {
        const { member, epoch, step, train_loss, samples_per_second } = event.progress;
        const point = { time: event.time, epoch, step, train_loss, samples_per_second };
        this.progress = shownPoints([...this.progress, member === undefined ? point : { ...point, member }]);
        if (this.job) this.job = { ...this.job, progress: event.progress };
        break;
      }
      case 'outcomes':
        this.#missOutcomes(event.seq - 1);
        this.#ask();
        break;
      case 'checkpoint':
        this.#checkpointsAreStale = true;
        this.#ask();
        break;
      case 'status':
      case 'started':
      case 'stopped':
      case 'evaluated':
      case 'published':
      case 'reproduced':
      case 'log':
      case 'missing':
      case 'done':
        if (!this.log.some(({ seq }) => seq === event.seq)) this.log = [...this.log, event];
        this.#ask();
    }
    this.#tell();
  }

  #tell(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    setTimeout(() => {
      this.#isTelling = false;
      if (!this.#signal.aborted) this.#onChange();
    }, tellEveryMs);
  }

  /** For what events only name: the job, its checkpoints, the outcomes of epochs. One round at a time. */
  #ask(): void {
    this.#isStale = true;
    if (this.#isAsking) return;
    this.#isAsking = true;
    void this.#askWhileStale().finally(() => (this.#isAsking = false));
  }

  async #askWhileStale(): Promise<void> {
    while (this.#isStale && !this.#signal.aborted) {
      this.#isStale = false;
      const after = this.#outcomesAfter;
      const withCheckpoints = this.#checkpointsAreStale;
      this.#outcomesAfter = null;
      this.#checkpointsAreStale = false;
      try {
        await this.#askOnce(after, withCheckpoints);
      } catch (error) {
        // The job is gone, or the key is not valid any more.
        if (error instanceof ApiError && error.status < 500) return;
        // The stream says that the connection is lost.
        if (after !== null) this.#missOutcomes(after);
        this.#checkpointsAreStale ||= withCheckpoints;
        this.#isStale = true;
      }
      this.#tell();
      await new Promise((resolve) => setTimeout(resolve, askEveryMs));
    }
  }

  #missOutcomes(after: number): void {
    this.#outcomesAfter = Math.min(after, this.#outcomesAfter ?? Infinity);
  }

  async #askOnce(outcomesAfter: number | null, withCheckpoints: boolean): Promise<void> {
    const path = { id: this.#id };
    const init = { signal: this.#signal };
    this.job = await api.get('/v1/jobs/{id}', { params: { path }, ...init });
    if (outcomesAfter !== null) {
      const query = { after: outcomesAfter };
      const { data } = await api.get('/v1/jobs/{id}/outcomes', { params: { path, query }, ...init });
      const known = new Set(this.outcomes.map(epochKey));
      const all = [...this.outcomes, ...data.filter((each) => !known.has(epochKey(each)))];
      this.outcomes =
        all.length > mostOutcomes ? all.filter((_, i) => i % 2 === 0 || i === all.length - 1) : all;
    }
    if (withCheckpoints) {
      const { data } = await api.get('/v1/jobs/{id}/checkpoints', { params: { path }, ...init });
      this.checkpoints = data;
    }
  }
}

export function useWatchedJob(id: string): WatchedJob | undefined {
  const [, update] = useReducer((count: number) => count + 1, 0);
  const [watched, setWatched] = useState<WatchedJob>();
  useEffect(() => {
    const controller = new AbortController();
    const created = new WatchedJob(id, controller.signal, () => update(undefined));
    setWatched(created);
    void created.watch();
    return () => controller.abort();
  }, [id]);
  return watched;
}
