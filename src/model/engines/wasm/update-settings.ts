/** What the kernels of an update read of an optimiser and a step; kernels/update.ts lists it. */
import type { OptimizerSpec } from '../../network/optimizers.js';
import { stepSettings, type StepSettings } from '../step-settings.js';

/** Room for the settings of any optimiser. */
export const optimizerSettingsCount = 16;
/** Where those of the averages begin. */
const emaSettings = 14;

/** For a step, counted from 1, of a run of `steps`. */
export function updateSettings(spec: OptimizerSpec, step: number, steps: number): Float64Array {
  const settings = stepSettings(spec, step, steps);
  const inOrder = new Float64Array(optimizerSettingsCount);
  inOrder.set(settingsOf(spec, settings));
  inOrder.set([settings.averageKeep, settings.averageTake], emaSettings);
  return inOrder;
}

function settingsOf(spec: OptimizerSpec, settings: StepSettings): number[] {
  const { shrink, penalty, stepSize, beta1, less1, beta2, less2, root, epsilon } = settings;
  switch (spec.type) {
    case 'adam':
    case 'adamw':
      return [shrink, penalty, beta1, less1, beta2, less2, stepSize, root, epsilon];
    case 'sgd':
      return spec.momentum > 0
        ? [penalty, stepSize, beta1, settings.ofGradient, settings.ofBuffer]
        : [penalty, stepSize];
    case 'rmsprop':
      return [penalty, stepSize, beta2, less2, epsilon];
  }
}
