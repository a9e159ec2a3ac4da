/**
 * How the learning rate changes over a run: by which factor it is multiplied at each step. A pure function of the step and of
 * the steps of the whole run, computed in float64 and the same for every engine.
 */

export const scheduleTypes = ['constant', 'cosine', 'one_cycle', 'flat_cosine', 'step'] as const;

/**
 * The run begins with a warm-up, a straight line from near 0 to 1 over the fraction `warmup` of the steps. What comes after it:
 *
 * constant: 1.
 * cosine: falls from 1 to 0 along half a cosine, as `torch.optim.lr_scheduler.CosineAnnealingLR`. I. Loshchilov, F. Hutter,
 * "SGDR", 2017, equation 5, without restarts.
 * flat_cosine: 1 for the fraction `flat` of the run, warm-up included, and then as cosine.
 * step: multiplied by `factor` after every `every` of the run, as `torch.optim.lr_scheduler.StepLR`.
 *
 * one_cycle is `torch.optim.lr_scheduler.OneCycleLR` with its defaults, momentum left alone: its warm-up is half a cosine from
 * 1/25 to 1, and what comes after it half a cosine to 1/250,000. L. Smith, N. Topin, "Super-Convergence", 2018. A document.
 */
export type Schedule =
  | { type: 'constant' | 'cosine' | 'one_cycle'; warmup: number }
  | { type: 'flat_cosine'; warmup: number; flat: number }
  | { type: 'step'; warmup: number; every: number; factor: number };

/** OneCycleLR's `div_factor` and `div_factor · final_div_factor`. */
const oneCycle = { first: 1 / 25, last: 1 / 250_000 };

/** The factor of the learning rate at a step, counted from 0, of a run of `steps`; 1 at its largest. */
export function scheduleFactor(schedule: Schedule, step: number, steps: number): number {
  if (schedule.type === 'one_cycle') return oneCycleFactor(schedule.warmup, step, steps);
  const warmupSteps = Math.round(schedule.warmup * steps);
  if (step < warmupSteps) return (step + 1) / warmupSteps;
  switch (schedule.type) {
    case 'constant':
      return 1;
    case 'cosine':
      return halfCosine(1, 0, (step - warmupSteps) / (steps - warmupSteps));
    case 'flat_cosine': {
      const flatSteps = Math.max(warmupSteps, Math.round(schedule.flat * steps));
      return step < flatSteps ? 1 : halfCosine(1, 0, (step - flatSteps) / (steps - flatSteps));
    }
    case 'step': {
      const everySteps = Math.max(1, Math.round(schedule.every * steps));
      return schedule.factor ** Math.floor(step / everySteps);
    }
  }
}

/** Its peak lies between steps where the fraction asks for it, as in PyTorch. */
function oneCycleFactor(warmup: number, step: number, steps: number): number {
  const peak = warmup * steps - 1;
  const end = steps - 1;
  if (step <= peak) return halfCosine(oneCycle.first, 1, peak === 0 ? 1 : step / peak);
  return halfCosine(1, oneCycle.last, end === peak ? 1 : (step - peak) / (end - peak));
}

/** From `start` to `end`; `done` is 0 at the start and 1 at the end. */
function halfCosine(start: number, end: number, done: number): number {
  return end + ((start - end) / 2) * (1 + Math.cos(Math.PI * Math.min(1, done)));
}
