/** From what a client asks of the optimiser, and what the preset chooses, to the settings of one. */
import { TrainyardError } from '../../errors.js';
import type { OptimizerSpec, SgdSpec } from '../../model/network/optimizers.js';
import type { Schedule } from '../../model/network/schedules.js';
import type { OptimizerRequest, ScheduleRequest } from '../runs/job-request.js';

/** PyTorch's, except for SGD's learning rate, which is 0.001 there. */
export const optimizerDefaults = {
  adam: { type: 'adam', learning_rate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0 },
  adamw: { type: 'adamw', learning_rate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.01 },
  sgd: { type: 'sgd', learning_rate: 0.01, momentum: 0, nesterov: false, weight_decay: 0 },
  rmsprop: { type: 'rmsprop', learning_rate: 0.01, alpha: 0.99, epsilon: 1e-8, weight_decay: 0 },
} as const satisfies Record<OptimizerSpec['type'], OptimizerSpec>;

export const scheduleDefaults = {
  warmup: { one_cycle: 0.3, otherwise: 0 },
  flat: 0.7,
  step: { every: 1 / 3, factor: 0.1 },
} as const;

/**
 * `request` has passed the API's schema, and so has no field of another optimiser. `recipe` is what the preset chooses.
 * @throws TrainyardError INVALID_REQUEST for Nesterov's momentum without a momentum
 */
export function resolveOptimizer(request: OptimizerRequest, recipe: OptimizerRequest): OptimizerSpec {
  const { schedule: asked, ...settings } = withRecipe(request, recipe);
  const schedule = asked && { schedule: resolveSchedule(asked) };
  if (settings.type === 'sgd') return withMomentum({ ...optimizerDefaults.sgd, ...settings, ...schedule });
  if (settings.type === 'rmsprop') return { ...optimizerDefaults.rmsprop, ...settings, ...schedule };
  return { ...optimizerDefaults[settings.type ?? 'adam'], ...settings, ...schedule };
}

/** @throws TrainyardError INVALID_REQUEST for a field of another type */
function resolveSchedule({ type, ...asked }: ScheduleRequest): Schedule {
  const own = { flat_cosine: ['flat'], step: ['every', 'factor'] } as Record<string, string[] | undefined>;
  const foreign = Object.keys(asked).find(
    (field) => field !== 'warmup' && own[type]?.includes(field) !== true,
  );
  if (foreign !== undefined) {
    const message = `optimizer.schedule.${foreign} is not for the type ${type}. Its fields are: ${['warmup', ...(own[type] ?? [])].join(', ')}.`;
    throw new TrainyardError('INVALID_REQUEST', message, { pointer: `/optimizer/schedule/${foreign}` });
  }
  const { one_cycle, otherwise } = scheduleDefaults.warmup;
  const { warmup = type === 'one_cycle' ? one_cycle : otherwise, flat = scheduleDefaults.flat } = asked;
  const { every = scheduleDefaults.step.every, factor = scheduleDefaults.step.factor } = asked;
  switch (type) {
    case 'flat_cosine':
      return { type, warmup, flat };
    case 'step':
      return { type, warmup, every, factor };
    case 'constant':
    case 'cosine':
    case 'one_cycle':
      return { type, warmup };
  }
}

function withMomentum(spec: SgdSpec): SgdSpec {
  if (!spec.nesterov || spec.momentum > 0) return spec;
  const message = 'optimizer.nesterov needs an optimizer.momentum above 0.';
  throw new TrainyardError('INVALID_REQUEST', message, { pointer: '/optimizer/nesterov' });
}

/** What the request names wins; the settings of the recipe go with its type of optimiser alone. */
function withRecipe(asked: OptimizerRequest, recipe: OptimizerRequest): OptimizerRequest {
  return isOfOtherType(asked, recipe) ? asked : { ...recipe, ...asked };
}

/** Whether a request asks for another type than the preset: then no setting of the preset holds. */
export function isOfOtherType(asked: OptimizerRequest, recipe: OptimizerRequest): boolean {
  return asked.type !== undefined && asked.type !== (recipe.type ?? 'adam');
}
