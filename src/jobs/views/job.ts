/** What the API shows of runs: a run is what the store keeps, a job is what is shown of it. */
import type { JobQueue } from '../queue/training-queue.js';
import type { EpochOutcomes } from '../runs/outcomes.js';
import type {
  EpochMetrics,
  JobError,
  JobProgress,
  JobStatus,
  RunEvent,
  RunSummary,
} from '../runs/run-events.js';
import type { TrainingSpec, WebhookSpec } from '../runs/run-spec.js';

/** What the API shows of a run; derived from the run's files, stored nowhere. */
export interface Job
  extends
    Required<Omit<RunSummary, 'evaluation' | 'reproduction'>>,
    Pick<RunSummary, 'evaluation' | 'reproduction'> {
  id: string;
  object: 'job';
  status: JobStatus;
  /** null: it does not wait, or the queue does not answer. */
  queue: JobQueue | null;
  model: string;
  dataset: string;
  dataset_version: number | null;
  spec: TrainingSpec;
  priority: number;
  time_limit_seconds: number | null;
  webhook: WebhookSpec | null;
  sweep_id: string | null;
  /** Of the sweep, from 1; null: it is no trial. */
  trial: number | null;
  error: JobError | null;
  created_at: string;
  finished_at: string | null;
  metadata: Record<string, string>;
}

/** What a request would train; nothing of it is stored. */
export interface JobPlan {
  object: 'job_plan';
  model: string;
  dataset: string;
  dataset_version: number | null;
  spec: TrainingSpec;
  /** Of all members of an ensemble. */
  parameters: number;
  /** At most, where there is a patience. */
  steps: number;
}

/** A page of jobs, newest first. */
export interface JobList {
  object: 'list';
  data: Job[];
  has_more: boolean;
}

/** Events in order; `after` is the seq of the last one of the page before. */
export interface EventList {
  object: 'list';
  data: RunEvent[];
  has_more: boolean;
}

/** The curve of a run. */
export interface MetricsList {
  object: 'list';
  data: EpochMetrics[];
  /** Epochs done; more than there are points where the curve was thinned. */
  epochs_done: number;
  /** Of the last event of the job that the curve is of. */
  last_seq: number;
  /** Where it was asked for: how the loss went within the epochs. */
  progress?: ProgressPoint[];
}

/** A look at the training, some times a second at most. */
export interface ProgressPoint extends Pick<
  JobProgress,
  'member' | 'epoch' | 'step' | 'train_loss' | 'samples_per_second'
> {
  time: string;
}

/** The outcomes of epochs, in their order. */
export interface OutcomesList {
  object: 'list';
  data: EpochOutcomes[];
  /** Epochs whose outcomes are recorded; more than `data` has where it was thinned. */
  recorded: number;
}

export interface CheckpointInfo {
  object: 'checkpoint';
  step: number;
  /** Of an ensemble: the member that was trained. Those before it are trained. */
  member?: number;
  /** Epochs done; of an ensemble, by that member. */
  epoch: number;
  size_bytes: number;
  created_at: string;
}

export interface CheckpointList {
  object: 'list';
  data: CheckpointInfo[];
  has_more: boolean;
}
