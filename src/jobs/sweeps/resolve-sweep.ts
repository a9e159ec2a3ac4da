/** From what a client asked for to the spec of a sweep: the defaults, and the refusals of a space that could not be searched. */
import { TrainyardError } from '../../errors.js';
import type { JobRequest } from '../runs/job-request.js';
import type { Monitor } from '../runs/run-spec.js';
import { propose } from '../search/propose.js';
import {
  refuseSpace,
  isRange,
  parametersKey,
  type Goal,
  type Parameters,
  type SearchMethod,
  type Space,
} from '../search/space.js';
import type { JobPlan } from '../views/job.js';
import type { SweepSpec } from './sweep-documents.js';
import { refusalOfSweep, refuseFields, trialRequest } from './trial-request.js';
import { usualSearch } from './usual-space.js';

/** What a client asks for. */
export interface SweepRequest {
  /** What all trials have in common. */
  job?: JobRequest;
  /** Left out: a space of the service's own. */
  parameters?: Space;
  method?: SearchMethod;
  /** Left out: what the job monitors. */
  metric?: Monitor;
  /** Left out: what suits the metric, the only one that it may be. */
  goal?: Goal;
  max_trials?: number;
  max_seconds?: number;
  parallel?: number;
  early_stop?: { type: 'asha' | 'none'; min_epochs?: number; factor?: number };
  seed?: number;
}

export const sweepDefaults = {
  method: 'tpe',
  max_trials: { alone: 50, withSeconds: 1_000 },
  parallel: 4,
  factor: 3,
  seed: 0,
} as const;

export const mostTrials = 10_000;
export const mostParallel = 256;

/** The rungs of a trial begin where this many times the factor fits into its epochs, by default. */
const rungsByDefault = 2;

/** Trials that are tried out at random, beside those at the ends of the space. */
const sampledTrials = 8;
/** Of long lists of values not all are tried out. */
const mostTriedOut = 48;

export interface SweepIntake {
  /** Refuses what the schema of a job refuses. @throws TrainyardError INVALID_REQUEST */
  checkRequest: (request: JobRequest) => void;
  /** Refuses what the intake of jobs refuses, and resolves the rest. */
  plan: (request: JobRequest) => Promise<JobPlan>;
}

/**
 * `request` has passed the API's schema.
 * @throws TrainyardError INVALID_REQUEST, and all that a job may be refused with
 */
export async function resolveSweep(
  request: SweepRequest,
  intake: SweepIntake,
  { idempotencyKey, now }: { idempotencyKey: string | null; now: Date },
): Promise<SweepSpec> {
  const { job: asked = {}, method = sweepDefaults.method, max_seconds, seed = sweepDefaults.seed } = request;
  refuseJob(asked);
  const metric = metricOf(request);
  const planned = await planOf({ ...asked, monitor: metric }, intake);
  const job = pinned(asked, planned);
  const { space, first } = request.parameters
    ? { space: request.parameters, first: null }
    : usualSearch(asked, planned.spec, trainRowsOf(planned));
  refuseSpace(space, method);
  refuseFields(space, metric);
  const goal = goalOf(request, metric);
  const search = { space, method, goal, seed };
  const epochs = await epochsOfTrials({ job, metric }, trialsToTry(search), intake);
  const { alone, withSeconds } = sweepDefaults.max_trials;
  const maxEpochs = Math.max(planned.spec.epochs, ...epochs);
  return {
    format_version: 1,
    job,
    model: planned.model,
    parameters: space,
    // A grid has its own first trial, and all others.
    first_trial: method === 'grid' ? null : first,
    method,
    metric,
    goal,
    max_trials: request.max_trials ?? (max_seconds === undefined ? alone : withSeconds),
    max_seconds: max_seconds ?? null,
    parallel: request.parallel ?? sweepDefaults.parallel,
    early_stop: earlyStopOf(request, maxEpochs),
    max_epochs: maxEpochs,
    seed,
    idempotency_key: idempotencyKey,
    created_at: now.toISOString(),
  };
}

function refuseJob({ reproduce }: JobRequest): void {
  if (reproduce === undefined) return;
  const message = 'A job that reproduces a version has nothing to search. Leave reproduce out.';
  throw new TrainyardError('INVALID_REQUEST', message, { pointer: '/job/reproduce' });
}

function metricOf({ metric, job: { monitor } = {} }: SweepRequest): Monitor {
  if (metric !== undefined && monitor !== undefined && metric !== monitor) {
    const message = `The metric is ${metric}, and the job monitors ${monitor}. They must be the same: leave one of them out.`;
    throw new TrainyardError('INVALID_REQUEST', message, { pointer: '/metric' });
  }
  return metric ?? monitor ?? 'loss';
}

function goalOf({ goal: asked }: SweepRequest, metric: Monitor): Goal {
  const goal = metric === 'accuracy' ? 'maximize' : 'minimize';
  if (asked === undefined || asked === goal) return goal;
  const message = `The better ${metric} is the ${goal === 'maximize' ? 'higher' : 'lower'} one: goal must be ${goal}, or be left out.`;
  throw new TrainyardError('INVALID_REQUEST', message, { pointer: '/goal' });
}

/** Of the job as it is, with the pointers of its refusals under `/job`. */
async function planOf(job: JobRequest, { plan }: SweepIntake): Promise<JobPlan> {
  try {
    return await plan(job);
  } catch (error) {
    if (!(error instanceof TrainyardError)) throw error;
    const { code, message, pointer } = error;
    throw new TrainyardError(code, message, {
      ...(pointer !== undefined && { pointer: pointer === '/monitor' ? '/metric' : `/job${pointer}` }),
      cause: error,
    });
  }
}

/** All trials learn from the same version of the data, and start from the same version of a model. */
function pinned(
  job: JobRequest,
  { model, dataset: name, dataset_version: version, spec: { init_from } }: JobPlan,
): JobRequest {
  return {
    ...job,
    model,
    dataset: version === null ? name : { name, version },
    ...(init_from && { init_from: { model: init_from.model, version: init_from.version } }),
  };
}

function trainRowsOf({ spec: { rows, epochs, batch_size }, steps }: JobPlan): number {
  return rows?.train ?? (steps / epochs) * batch_size;
}

/** One at each end of each parameter, where the others are at their first, and some at random. */
function trialsToTry(search: { space: Space; method: SearchMethod; goal: Goal; seed: number }): Parameters[] {
  const ends = Object.entries(search.space).map(([path, parameter]) => ({
    path,
    values: isRange(parameter) ? [parameter.min, parameter.max] : parameter.values,
  }));
  const first = Object.fromEntries(ends.map(({ path, values }) => [path, values[0] ?? null]));
  const single = ends.flatMap(({ path, values }) =>
    values.slice(1).map((value) => ({ ...first, [path]: value })),
  );
  const sampled = Array.from({ length: sampledTrials }, (_, index) =>
    propose({ ...search, method: 'random', trial: index + 1, history: [], pending: [] }),
  );
  const trials = [first, ...single.slice(0, mostTriedOut), ...sampled.filter((each) => each !== null)];
  // A small space has few that differ.
  return [...new Map(trials.map((each) => [parametersKey(search.space, each), each])).values()];
}

/** @throws TrainyardError whatever refuses one of the trials, naming its parameter */
async function epochsOfTrials(
  spec: Pick<SweepSpec, 'job' | 'metric'>,
  trials: readonly Parameters[],
  { checkRequest, plan }: SweepIntake,
): Promise<number[]> {
  const epochs: number[] = [];
  for (const parameters of trials) {
    try {
      const request = trialRequest(spec, parameters);
      checkRequest(request);
      epochs.push((await plan(request)).spec.epochs);
    } catch (error) {
      throw error instanceof TrainyardError ? refusalOfSweep(error, parameters) : error;
    }
  }
  return epochs;
}

/** With a space of its own, a sweep stops trials early unless it is told not to. */
function earlyStopOf({ early_stop, parameters }: SweepRequest, maxEpochs: number): SweepSpec['early_stop'] {
  const { type = parameters === undefined ? 'asha' : 'none', factor = sweepDefaults.factor } =
    early_stop ?? {};
  if (type === 'none') return null;
  const min_epochs = early_stop?.min_epochs ?? Math.max(1, Math.round(maxEpochs / factor ** rungsByDefault));
  if (min_epochs < maxEpochs || early_stop === undefined) return { type, min_epochs, factor };
  const message = `early_stop.min_epochs is ${min_epochs}, and no trial has more than ${maxEpochs} epochs, so none would be stopped early.`;
  throw new TrainyardError('INVALID_REQUEST', message, { pointer: '/early_stop/min_epochs' });
}
