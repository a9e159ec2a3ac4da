/** From what all trials of a sweep have in common to the request of one job: a trial, or the best trial trained again. */
import { TrainyardError } from '../../errors.js';
import { pointerTo } from '../../lib/json-pointer.js';
import type { JobRequest } from '../runs/job-request.js';
import type { JsonValue, Parameters, Space } from '../search/space.js';
import type { SweepSpec } from './sweep-documents.js';

/**
 * The fields of a job that a search may vary. Others decide what is learned and on which rows it is measured, so that trials could
 * not be compared, or do not change what is learned.
 */
const searchedFields = [
  'augment',
  'batch_size',
  'bins',
  'class_weight',
  'encoding',
  'epochs',
  'image',
  'init_from',
  'label_smoothing',
  'loss',
  'min_epochs',
  'network',
  'optimizer',
  'patience',
  'preset',
] as const satisfies (keyof JobRequest)[];

/** With these the losses of trials measure different things. */
const changesTheLoss = ['class_weight', 'loss'];

/** Of the job that publishes. */
const ofTheBest = ['ensemble', 'publish_if', 'webhook'] as const;

const trialPriority = { below: 50, lowest: -100 };

/** @throws TrainyardError INVALID_REQUEST for a parameter that is no field which a search may vary */
export function refuseFields(space: Space, metric: SweepSpec['metric']): void {
  const paths = Object.keys(space);
  for (const path of paths) {
    const pointer = pointerTo(['parameters', path]);
    const field = path.split('.')[0] ?? '';
    if (!searchedFields.some((each) => each === field) || path.split('.').includes('')) {
      const message = `${JSON.stringify(path)} is no field of a job that a search may vary. These may vary, and what is in them: ${searchedFields.join(', ')}. Example: optimizer.learning_rate.`;
      throw new TrainyardError('INVALID_REQUEST', message, { pointer });
    }
    const outer = paths.find((other) => path.startsWith(`${other}.`));
    if (outer !== undefined) {
      const message = `${path} is a part of ${outer}, which varies as a whole. Leave one of them out.`;
      throw new TrainyardError('INVALID_REQUEST', message, { pointer });
    }
    if (metric === 'loss' && changesTheLoss.includes(field)) {
      const message = `${path} changes what the loss measures, so the losses of the trials do not compare. Choose the metric accuracy or rmse.`;
      throw new TrainyardError('INVALID_REQUEST', message, { pointer });
    }
  }
}

/**
 * Trains one network, publishes nothing and does not look at the test split. It waits behind other jobs.
 * @throws TrainyardError INVALID_REQUEST for parameters that do not fit what the job has there
 */
export function trialRequest(
  { job, metric }: Pick<SweepSpec, 'job' | 'metric'>,
  parameters: Parameters,
): JobRequest {
  const shared = withParameters(job, parameters);
  for (const field of ofTheBest) Reflect.deleteProperty(shared, field);
  const { below, lowest } = trialPriority;
  const priority = Math.max(lowest, (job.priority ?? 0) - below);
  return { ...shared, monitor: metric, publish: 'none', priority };
}

/** Trains the same network again, with what the job says of publication, and all members of an ensemble. */
export function bestRequest(
  { job, metric }: Pick<SweepSpec, 'job' | 'metric'>,
  parameters: Parameters,
): JobRequest {
  return { publish: 'best', ...withParameters(job, parameters), monitor: metric };
}

function withParameters(job: JobRequest, parameters: Parameters): JobRequest {
  let request: JsonValue = job as unknown as JsonValue;
  for (const [path, value] of Object.entries(parameters)) {
    request = withValueAt(request, path.split('.'), value, path);
  }
  return { ...(request as unknown as JobRequest) };
}

/** A copy with the value at the path. Objects that are not there yet are made; a part of a list must be there. */
function withValueAt(
  whole: JsonValue | undefined,
  [key, ...rest]: readonly string[],
  value: JsonValue,
  path: string,
): JsonValue {
  if (key === undefined) return value;
  if (Array.isArray(whole)) {
    const items = whole as readonly JsonValue[];
    const index = /^\d+$/.test(key) ? Number(key) : NaN;
    if (!(index < items.length))
      throw withoutPlace(path, `${key} is no number of an item that the job has there`);
    return items.with(index, withValueAt(items[index], rest, value, path));
  }
  if (whole !== undefined && (typeof whole !== 'object' || whole === null)) {
    throw withoutPlace(path, `the job has ${JSON.stringify(whole)} there, which has no fields`);
  }
  const fields = new Map(Object.entries((whole ?? {}) as Record<string, JsonValue>));
  fields.set(key, withValueAt(fields.get(key), rest, value, path));
  return Object.fromEntries(fields);
}

function withoutPlace(path: string, why: string): TrainyardError {
  const message = `The parameter ${path} cannot be set: ${why}.`;
  return new TrainyardError('INVALID_REQUEST', message, { pointer: pointerTo(['parameters', path]) });
}

/**
 * A refusal of the request of a trial as one of the sweep: it names the parameter whose value was refused, or else the field of
 * the job.
 */
export function refusalOfSweep(error: TrainyardError, parameters: Parameters): TrainyardError {
  const { pointer = '' } = error;
  if (pointer.startsWith('/parameters')) return error;
  const path = Object.keys(parameters).find((each) => {
    const own = pointerTo(each.split('.'));
    return pointer === own || pointer.startsWith(`${own}/`) || own.startsWith(`${pointer}/`);
  });
  const tried = JSON.stringify(parameters).slice(0, 300);
  return new TrainyardError(error.code, `${error.message} (This is about a trial with ${tried}.)`, {
    pointer: path === undefined || pointer === '' ? `/job${pointer}` : pointerTo(['parameters', path]),
    cause: error,
  });
}
