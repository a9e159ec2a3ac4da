/** Follows a job by its events: its status, its curve, and the checkpoints that can be looked into. */
import { useEffect, useState } from 'preact/hooks';
import { api, type Job, type JobEvent, type Schemas } from '../service/api.js';

type EpochMetrics = Schemas['MetricsList']['data'][number];

export interface FollowedJob {
  status: Job['status'];
  metrics: EpochMetrics[];
  /** Steps of the checkpoints, ascending. Older ones may be gone. */
  steps: number[];
  progress: Job['progress'] | null;
  /** The version that it published last. */
  version: number | null;
  /** Why it failed, in a sentence. */
  failure: string | null;
  /** The connection is lost and being tried again. */
  isConnected: boolean;
}

const atFirst: FollowedJob = {
  status: 'queued',
  metrics: [],
  steps: [],
  progress: null,
  version: null,
  failure: null,
  isConnected: true,
};

/** Events may come by the hundred; the page is drawn at most so often. */
const drawEveryMs = 60;

/** null: there is nothing to follow. */
export function useFollowedJob(jobId: string | null): { job: FollowedJob | null; error: unknown } {
  const [state, setState] = useState<{ id: string; job: FollowedJob; error?: unknown } | null>(null);
  useEffect(() => {
    if (jobId === null) return;
    const controller = new AbortController();
    let job = atFirst;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const draw = (error?: unknown): void => {
      timer = undefined;
      if (!controller.signal.aborted) setState({ id: jobId, job, error });
    };
    const change = (changed: FollowedJob): void => {
      job = changed;
      timer ??= setTimeout(draw, drawEveryMs);
    };
    const follow = async (): Promise<void> => {
      const events = api.jobEvents(jobId, {
        signal: controller.signal,
        onConnect: () => change({ ...job, isConnected: true }),
        onDisconnect: () => change({ ...job, isConnected: false }),
      });
      for await (const event of events) change(afterEvent(job, event));
    };
    setState({ id: jobId, job });
    follow().catch((error: unknown) => draw(error));
    return () => {
      controller.abort();
      clearTimeout(timer);
    };
  }, [jobId]);
  const isCurrent = state !== null && state.id === jobId;
  return { job: isCurrent ? state.job : null, error: isCurrent ? state.error : undefined };
}

function afterEvent(job: FollowedJob, event: JobEvent): FollowedJob {
  if (event.type === 'status') return { ...job, status: event.status, failure: event.error?.message ?? null };
  if (event.type === 'progress') return { ...job, progress: event.progress };
  if (event.type === 'published') return { ...job, version: event.version };
  if (event.type === 'checkpoint') return { ...job, steps: withLast(job.steps, event.step, (step) => step) };
  if (event.type === 'metrics') {
    return { ...job, metrics: withLast(job.metrics, event.metrics, ({ step }) => step) };
  }
  return job;
}

/** A job that resumes goes back to its checkpoint, and does once more what came after that. */
function withLast<Item>(items: readonly Item[], last: Item, stepOf: (item: Item) => number): Item[] {
  return [...items.filter((item) => stepOf(item) < stepOf(last)), last];
}

export function hasEnded({ status }: Pick<FollowedJob, 'status'>): boolean {
  return status === 'succeeded' || status === 'failed' || status === 'cancelled';
}
