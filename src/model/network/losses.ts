/**
 * What training minimises. The loss of a batch is the weighted mean of its samples' losses. The loss says what targets are:
 * class indices or values.
 */

/** What a network learns to answer: one of several classes, or one or more numbers. */
export type Task = 'classification' | 'regression';

/**
 * cross_entropy: −log softmax(outputs)[class], as `torch.nn.CrossEntropyLoss`.
 * one_hot_mse: the mean over the outputs of (output − one-hot(class))², as `torch.nn.MSELoss` on one-hot targets.
 */
export const classLosses = ['cross_entropy', 'one_hot_mse'] as const;

/**
 * Each is a mean over the outputs, with e = output − target.
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
