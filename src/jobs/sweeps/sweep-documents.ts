/** The documents of a sweep and their shapes. Each is written once. */
import {
  anything,
  count,
  listOf,
  mapOf,
  nullable,
  number,
  object,
  oneOf,
  optional,
  positive,
  text,
  time,
  variant,
  whole,
  type Shape,
} from '../../lib/json-shape.js';
import type { JobRequest } from '../runs/job-request.js';
import type { EndStatus, JobError } from '../runs/run-events.js';
import { monitors, type Monitor, type Rung } from '../runs/run-spec.js';
import type { EarlyStop } from '../search/rungs.js';
import {
  searchMethods,
  type Goal,
  type Parameter,
  type Parameters,
  type SearchMethod,
  type Space,
} from '../search/space.js';

/** spec.json: all that decides a sweep, apart from the changes. */
export interface SweepSpec {
  format_version: 1;
  /** What all trials have in common. The dataset and the model that training starts from are pinned. */
  job: JobRequest;
  /** Under which the best one is published. */
  model: string;
  parameters: Space;
  /** null: it is proposed, as the others are. */
  first_trial: Parameters | null;
  method: SearchMethod;
  /** Of the validation split; the job monitors it too. */
  metric: Monitor;
  goal: Goal;
  max_trials: number;
  /** Without pauses; null: no limit. */
  max_seconds: number | null;
  /** A trial is proposed once all trials but the `parallel` − 1 before it have ended. */
  parallel: number;
  /** null: trials are not stopped early. */
  early_stop: (EarlyStop & { type: 'asha' }) | null;
  /** That any trial may have. */
  max_epochs: number;
  /** Of the search. The job has a seed of its own. */
  seed: number;
  idempotency_key: string | null;
  created_at: string;
}

/** trials/000001.json */
export interface TrialDocument {
  parameters: Parameters;
  rungs: Rung[];
  /** Of its first attempt. */
  run_id: string;
  created_at: string;
}

/** trials/000001.2.json: the first attempt failed, and the trial is trained once more. */
export interface RetryDocument {
  run_id: string;
  created_at: string;
}

export const trialEnds = ['succeeded', 'stopped', 'failed', 'cancelled'] as const;

/** outcomes/000001.json: what is kept of an ended trial, whatever becomes of its jobs. */
export interface TrialOutcome {
  /** stopped: it missed the bound of a rung. */
  status: (typeof trialEnds)[number];
  /** The metric after its best epoch; null: it failed or was cancelled. */
  value: number | null;
  /** That epoch. */
  best_epoch: number | null;
  epochs_done: number;
  /** The metric after each epoch; [] where trials are not stopped early. */
  curve: number[];
  error: JobError | null;
  finished_at: string;
}

/** changes/000001.json: what clients asked for, in order. */
export type SweepChange = { created_at: string } & (
  | { type: 'pause' | 'resume' | 'cancel' }
  /** What is left out stays. */
  | { type: 'budget'; max_trials?: number; max_seconds?: number | null }
);

/** endings/000000.json: no trial is left to do after so many changes. */
export interface SweepEnding {
  /** null: no trial has a value. */
  best_trial: number | null;
  /** The job that trains the best trial again and publishes it; null: there is none. */
  run_id: string | null;
  /** Why there is no best trial. */
  error: JobError | null;
  created_at: string;
}

/** results/000000.json: how the sweep ended after so many changes. */
export interface SweepResult {
  status: EndStatus;
  version: number | null;
  error: JobError | null;
  finished_at: string;
}

/** Under which the idempotency key of a sweep is remembered, apart from those of jobs, which hold no space. */
export function keyOfSweeps(key: string): string {
  return `sweeps ${key}`;
}

const jobError = object<JobError>({ code: text as Shape<JobError['code']>, message: text });

/** It was checked when it came in. */
const anyParameter: Shape<Parameter> = (value, path) => mapOf(anything)(value, path);

export const sweepSpec = object<SweepSpec>({
  format_version: oneOf(1),
  job: mapOf(anything),
  model: text,
  parameters: mapOf(anyParameter),
  first_trial: nullable(mapOf(anything) as Shape<Parameters>),
  method: oneOf(...searchMethods),
  metric: oneOf(...monitors),
  goal: oneOf<Goal>('minimize', 'maximize'),
  max_trials: positive,
  max_seconds: nullable(number),
  parallel: positive,
  early_stop: nullable(
    object<NonNullable<SweepSpec['early_stop']>>({
      type: oneOf('asha'),
      min_epochs: positive,
      factor: number,
    }),
  ),
  max_epochs: positive,
  seed: whole,
  idempotency_key: nullable(text),
  created_at: time,
});

export const trialDocument = object<TrialDocument>({
  parameters: mapOf(anything) as Shape<Parameters>,
  rungs: listOf(object<Rung>({ epoch: positive, bound: number })),
  run_id: text,
  created_at: time,
});

export const retryDocument = object<RetryDocument>({ run_id: text, created_at: time });

export const trialOutcome = object<TrialOutcome>({
  status: oneOf(...trialEnds),
  value: nullable(number),
  best_epoch: nullable(positive),
  epochs_done: count,
  curve: listOf(number),
  error: nullable(jobError),
  finished_at: time,
});

const plainChange = object<Extract<SweepChange, { type: 'pause' | 'resume' | 'cancel' }>>({
  type: oneOf('pause', 'resume', 'cancel'),
  created_at: time,
});

export const sweepChange = variant<SweepChange>('type', {
  pause: plainChange,
  resume: plainChange,
  cancel: plainChange,
  budget: object<Extract<SweepChange, { type: 'budget' }>>({
    type: oneOf('budget'),
    max_trials: optional(positive),
    max_seconds: optional(nullable(number)),
    created_at: time,
  }),
});

export const sweepEnding = object<SweepEnding>({
  best_trial: nullable(positive),
  run_id: nullable(text),
  error: nullable(jobError),
  created_at: time,
});

export const sweepResult = object<SweepResult>({
  status: oneOf<EndStatus>('succeeded', 'failed', 'cancelled'),
  version: nullable(positive),
  error: nullable(jobError),
  finished_at: time,
});
