/** Learned tensors that every update replaces: any backend can do that. */
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { optimizerAt } from '../../network/optimizers.js';
import type { AdamSpec, OptimizerSpec, RmspropSpec, SgdSpec } from '../../network/optimizers.js';
import {
  adamStep,
  numbersOf,
  sharesOfAverage,
  type Learned,
  type LearnedTensors,
} from './learned-tensors.js';
import type { Constants } from './passes.js';
import type { Tf } from './tensorflow.js';

type Moments = Pick<Learned<Tensor>, 'value' | 'slots'>;

/** One step of one parameter. */
type Rule = (before: Moments, gradient: Tensor) => Moments;

/** Takes over the tensors. `steps` are those of the whole run. */
export function createImmutableTensors(
  tf: Tf,
  constants: Constants,
  { optimizer, steps }: { optimizer: OptimizerSpec; steps: number },
  tensors: Learned<Tensor>[],
): LearnedTensors {
  return {
    parameters: () => tensors.map(({ value }) => value),
    evaluated: () => tensors.map(({ value, average }) => average ?? value),
    update(gradients, step) {
      const rule = ruleOf(tf, constants, optimizerAt(optimizer, step, steps), step);
      const shares = sharesOfAverage(tf, optimizer, step);
      tensors.forEach((before, i) => {
        const { value, slots } = rule(before, gradients[i]);
        const average =
          before.average && shares
            ? tf.add(tf.mul(before.average, shares.kept), tf.mul(value, shares.taken))
            : null;
        const after = { value, slots, average };
        tensorsOf(after).forEach((tensor) => tf.keep(tensor));
        tf.dispose(tensorsOf(before));
        tensors[i] = after;
      });
    },
    read: () =>
      Promise.all(
        tensors.map(async ({ value, slots, average }) => ({
          value: await numbersOf(value),
          slots: await Promise.all(slots.map(numbersOf)),
          average: average && (await numbersOf(average)),
        })),
      ),
    dispose() {
      tf.dispose(tensors.flatMap(tensorsOf));
    },
  };
}

function tensorsOf({ value, slots, average }: Learned<Tensor>): Tensor[] {
  return average === null ? [value, ...slots] : [value, ...slots, average];
}

/** Of a step; its numbers are on the device once for all parameters. */
function ruleOf(tf: Tf, constants: Constants, spec: OptimizerSpec, step: number): Rule {
  switch (spec.type) {
    case 'adam':
    case 'adamw':
      return adam(tf, constants, spec, step);
    case 'sgd':
      return sgd(tf, constants, spec);
    case 'rmsprop':
      return rmsprop(tf, constants, spec);
  }
}

/** With both sides of the fraction multiplied by the correction of v; D. P. Kingma, J. Ba, 2015, section 2. */
function adam(tf: Tf, { of }: Constants, spec: AdamSpec, step: number): Rule {
  const { type, learning_rate, beta1, beta2, weight_decay } = spec;
  const numbers = adamStep(spec, step);
  const [stepSize, epsilon] = [tf.scalar(numbers.stepSize), tf.scalar(numbers.epsilon)];
  const shrinks = type === 'adamw' && weight_decay > 0;
  const shrink: Scalar | null = shrinks ? tf.scalar(1 - learning_rate * weight_decay) : null;
  return ({ value, slots: [expAvg, expAvgSq] }, gradient) => {
    const g = type === 'adam' ? penalized(tf, of, gradient, value, weight_decay) : gradient;
    const m = tf.add(tf.mul(expAvg, of(beta1)), tf.mul(g, of(1 - beta1)));
    const v = tf.add(tf.mul(expAvgSq, of(beta2)), tf.mul(tf.square(g), of(1 - beta2)));
    const change = tf.div(tf.mul(m, stepSize), tf.add(tf.sqrt(v), epsilon));
    const shrunk = shrink === null ? value : tf.mul(value, shrink);
    return { value: tf.sub(shrunk, change), slots: [m, v] };
  };
}

function sgd(tf: Tf, { of }: Constants, spec: SgdSpec): Rule {
  const { learning_rate, momentum, nesterov, weight_decay } = spec;
  const rate = tf.scalar(learning_rate);
  return ({ value, slots }, gradient) => {
    const g = penalized(tf, of, gradient, value, weight_decay);
    if (momentum === 0) return { value: tf.sub(value, tf.mul(g, rate)), slots: [] };
    const moving = tf.add(tf.mul(slots[0], of(momentum)), g);
    const direction = nesterov ? tf.add(g, tf.mul(moving, of(momentum))) : moving;
    return { value: tf.sub(value, tf.mul(direction, rate)), slots: [moving] };
  };
}

function rmsprop(tf: Tf, { of }: Constants, spec: RmspropSpec): Rule {
  const { learning_rate, alpha, epsilon, weight_decay } = spec;
  const rate = tf.scalar(learning_rate);
  return ({ value, slots: [squareAvg] }, gradient) => {
    const g = penalized(tf, of, gradient, value, weight_decay);
    const v = tf.add(tf.mul(squareAvg, of(alpha)), tf.mul(tf.square(g), of(1 - alpha)));
    const change = tf.div(tf.mul(g, rate), tf.add(tf.sqrt(v), of(epsilon)));
    return { value: tf.sub(value, change), slots: [v] };
  };
}

/** With the weight decay of torch.optim: added to the gradient. */
function penalized(
  tf: Tf,
  of: Constants['of'],
  gradient: Tensor,
  value: Tensor,
  weightDecay: number,
): Tensor {
  return weightDecay === 0 ? gradient : tf.add(gradient, tf.mul(value, of(weightDecay)));
}
