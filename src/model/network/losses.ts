/**
 * What training minimises. A loss is defined for one sample; the loss of a batch is the weighted mean of its samples'
 * losses, Σ w·l / Σ w, and 0 where all weights are 0. A loss also says what targets are: class indices or values.
 */

/** What a network learns to answer: one of several classes, or one or more numbers. */
export type Task = 'classification' | 'regression';

/**
 * cross_entropy: −log softmax(outputs)[class], as `torch.nn.CrossEntropyLoss`.
 * one_hot_mse: the mean over the outputs of (output − one-hot(class))², as `torch.nn.MSELoss` on one-hot targets.
 */
export const classLosses = ['cross_entropy', 'one_hot_mse'] as const;

/**
 * Each is a mean over the outputs, with e = output − value.
 * mse: e², as `torch.nn.MSELoss`. mae: |e|, as `torch.nn.L1Loss`.
 * huber: e² / 2 where |e| ≤ 1, else |e| − 1/2, as `torch.nn.HuberLoss`.
 */
export const valueLosses = ['mse', 'mae', 'huber'] as const;

export const losses = [...classLosses, ...valueLosses] as const;

export type ClassLoss = (typeof classLosses)[number];
export type ValueLoss = (typeof valueLosses)[number];
export type Loss = ClassLoss | ValueLoss;

export function isClassLoss(loss: Loss): loss is ClassLoss {
  return (classLosses as readonly Loss[]).includes(loss);
}

export function taskOf(loss: Loss): Task {
  return isClassLoss(loss) ? 'classification' : 'regression';
}

type Floats = Float32Array | Float64Array;

/**
 * The loss of one sample, in float64. `outputs` (outputs) are the network's for that sample. `targets` is the column of
 * all samples: class indices (count) or values (count, outputs); `sample` is the index of this one. `smoothing`: of
 * cross_entropy, the fraction of the target that is spread evenly over all classes, as `label_smoothing` of
 * `torch.nn.CrossEntropyLoss`. Only training smooths; evaluations do not.
 */
export function sampleLoss(
  loss: Loss,
  outputs: Floats,
  targets: ArrayLike<number>,
  sample: number,
  smoothing = 0,
): number {
  if (loss === 'cross_entropy') {
    let sum = 0;
    if (smoothing > 0) for (const logit of outputs) sum += logit;
    const mean = sum / outputs.length;
    return logSumExp(outputs) - (1 - smoothing) * outputs[targets[sample]] - smoothing * mean;
  }
  const errors = outputErrors(loss, outputs, targets, sample);
  return errors.reduce((sum, error) => sum + errorLoss(loss, error), 0) / errors.length;
}

/** (outputs) Each output less its target: less 1 for the class and 0 for the others, or less the value. */
export function outputErrors(
  loss: Exclude<Loss, 'cross_entropy'>,
  outputs: Floats,
  targets: ArrayLike<number>,
  sample: number,
): Float64Array {
  return Float64Array.from(outputs, (output, i) => {
    const oneHot = i === targets[sample] ? 1 : 0;
    return output - (loss === 'one_hot_mse' ? oneHot : targets[sample * outputs.length + i]);
  });
}

function errorLoss(loss: Exclude<Loss, 'cross_entropy'>, error: number): number {
  switch (loss) {
    case 'one_hot_mse':
    case 'mse':
      return error ** 2;
    case 'mae':
      return Math.abs(error);
    case 'huber':
      return Math.abs(error) <= 1 ? error ** 2 / 2 : Math.abs(error) - 0.5;
  }
}

/** log Σ exp(logits), stable for logits of any finite size: no exponent is above 0. */
export function logSumExp(logits: Floats): number {
  let largest = -Infinity;
  for (const logit of logits) largest = Math.max(largest, logit);
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - largest);
  return largest + Math.log(sum);
}
