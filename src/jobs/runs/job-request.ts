/** What a client asks for when it sends a job. intake/ resolves it into a run's spec. */
import type { Task, Loss } from '../../model/network/losses.js';
import type { TableSplit } from '../../data/splits.js';
import type { CellType } from '../../lib/cells/cell-format.js';
import type { Augmentation } from '../../model/augmentation/amounts.js';
import type { PublishIf } from '../../model/evaluation/publish-gate.js';
import type { ThresholdRequest } from '../../model/evaluation/threshold.js';
import type { HiddenLayer } from '../../model/network/network.js';
import type { AdamSpec, RmspropSpec, SgdSpec } from '../../model/network/optimizers.js';
import type { Schedule } from '../../model/network/schedules.js';
import type { Encoding } from '../../model/preprocessing/table.js';
import type {
  CheckpointPolicy,
  ClassWeight,
  ColumnRole,
  Monitor,
  Preset,
  PublishPolicy,
  WebhookEvent,
} from './run-spec.js';

/** Sent when a job does not say which: the ways in which it may end. */
export const defaultWebhookEvents: readonly WebhookEvent[] = ['job.succeeded', 'job.failed', 'job.cancelled'];

/** What a client asks for. */
export interface WebhookRequest {
  url: string;
  events?: WebhookEvent[];
}

/** What a client asks for. Every field has a default. */
export interface JobRequest {
  /** The published version to train again. Without a version: the one that is latest. What is trained comes from it alone. */
  reproduce?: { model: string; version?: number };
  model?: string;
  /** Without a version: the newest one. */
  dataset?: string | { name: string; version?: number };
  /** The columns of a table to predict. */
  target?: string | string[];
  task?: 'auto' | Task;
  /** By name, or as a list, which takes names that no JSON object can have as keys. */
  columns?: Record<string, ColumnRequest> | (ColumnRequest & { name: string })[];
  class_weight?: ClassWeight;
  /** How the columns of a table become inputs. */
  encoding?: Encoding;
  preset?: Preset;
  /** The published version whose parameters training starts from. Without a version: the one that is latest. */
  init_from?: { model: string; version?: number };
  network?: { hidden?: HiddenLayerRequest[] };
  /** Of pictures. digits: what suits handwritten digits. An amount that is left out is 0. */
  augment?: AugmentRequest;
  /** 'mse' fits classes too: it is `one_hot_mse` then. */
  loss?: 'auto' | Loss;
  split?: SplitRequest;
  optimizer?: OptimizerRequest;
  label_smoothing?: number;
  /** Networks that are trained as one job and answer with their mean. */
  ensemble?: number;
  /** Of each member. A bound, where `patience` may end training sooner. */
  epochs?: number;
  monitor?: Monitor;
  /** null: training does not stop early, whatever the preset says. */
  patience?: number | null;
  min_epochs?: number;
  /** Whether the probabilities are made honest by the validation rows. */
  calibrated?: boolean;
  /** Of two classes: from which probability of `positive` on a row gets its label. */
  threshold?: ThresholdRequest;
  /** The label that the threshold is of. Left out: that of the rarer class. */
  positive?: string;
  batch_size?: number;
  seed?: number;
  engine?: string;
  publish?: PublishPolicy;
  publish_if?: PublishIf;
  checkpoint?: CheckpointRequest;
  priority?: number;
  time_limit_seconds?: number;
  webhook?: WebhookRequest;
  metadata?: Record<string, string>;
}

export type AugmentRequest = 'none' | 'digits' | Partial<Augmentation>;

export interface ColumnRequest {
  role?: ColumnRole;
  type?: CellType;
}

export interface SplitRequest {
  validation?: number;
  test?: number;
  by?: TableSplit['by'];
  column?: string;
}

/** At most one of `every_steps` and `every_seconds`. */
export type CheckpointRequest = { [Key in keyof CheckpointPolicy]?: NonNullable<CheckpointPolicy[Key]> };

export type HiddenLayerRequest = Pick<HiddenLayer, 'units'> & Partial<HiddenLayer>;

/** Without a type it is Adam. */
export type OptimizerRequest = { schedule?: ScheduleRequest } & (
  | Partial<Omit<AdamSpec, 'schedule'>>
  | (Partial<Omit<SgdSpec, 'schedule'>> & Pick<SgdSpec, 'type'>)
  | (Partial<Omit<RmspropSpec, 'schedule'>> & Pick<RmspropSpec, 'type'>)
);

/** `flat` is for flat_cosine, `every` and `factor` are for step. */
export interface ScheduleRequest {
  type: Schedule['type'];
  warmup?: number;
  flat?: number;
  every?: number;
  factor?: number;
}
