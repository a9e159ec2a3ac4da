/** Learned tensors that every update replaces: any backend can do that. */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { AdamSpec, OptimizerSpec, RmspropSpec, SgdSpec } from '../../network/optimizers.js';
import { adamStep, numbersOf, type Learned, type LearnedTensors } from './learned-tensors.js';
import type { Constants } from './passes.js';
import type { Tf } from './tensorflow.js';

type Rule = (learned: Learned<Tensor>, gradient: Tensor, step: number) => Learned<Tensor>;

/** Takes over the tensors. */
export function createImmutableTensors(
  tf: Tf,
  constants: Constants,
  optimizer: OptimizerSpec,
  tensors: Learned<Tensor>[],
): LearnedTensors {
  const rule = ruleOf(tf, constants, optimizer);
  return {
    parameters: () => tensors.map(({ value }) => value),
    update(gradients, step) {
      tensors.forEach((learned, i) => {
        const { value, slots } = rule(learned, gradients[i], step);
        tf.keep(value);
        slots.forEach((slot) => tf.keep(slot));
        tf.dispose([learned.value, ...learned.slots]);
        tensors[i] = { value, slots };
      });
    },
    read: () =>
      Promise.all(
        tensors.map(async ({ value, slots }) => ({
          value: await numbersOf(value),
          slots: await Promise.all(slots.map(numbersOf)),
        })),
      ),
    dispose() {
      tf.dispose(tensors.flatMap(({ value, slots }) => [value, ...slots]));
    },
  };
}

function ruleOf(tf: Tf, constants: Constants, spec: OptimizerSpec): Rule {
  switch (spec.type) {
    case 'adam':
    case 'adamw':
      return adam(tf, constants, spec);
    case 'sgd':
      return sgd(tf, constants, spec);
    case 'rmsprop':
      return rmsprop(tf, constants, spec);
  }
}

/** With both sides of the fraction multiplied by the correction of v; D. P. Kingma, J. Ba, 2015, section 2. */
function adam(tf: Tf, { of }: Constants, spec: AdamSpec): Rule {
  const { type, learning_rate, beta1, beta2, weight_decay } = spec;
  return ({ value, slots: [expAvg, expAvgSq] }, gradient, step) => {
    const g = type === 'adam' ? penalized(tf, of, gradient, value, weight_decay) : gradient;
    const { stepSize, epsilon } = adamStep(spec, step);
    const m = tf.add(tf.mul(expAvg, of(beta1)), tf.mul(g, of(1 - beta1)));
    const v = tf.add(tf.mul(expAvgSq, of(beta2)), tf.mul(tf.square(g), of(1 - beta2)));
    const change = tf.div(tf.mul(m, tf.scalar(stepSize)), tf.add(tf.sqrt(v), tf.scalar(epsilon)));
    const shrinks = type === 'adamw' && weight_decay > 0;
    const shrunk = shrinks ? tf.mul(value, of(1 - learning_rate * weight_decay)) : value;
    return { value: tf.sub(shrunk, change), slots: [m, v] };
  };
}

function sgd(tf: Tf, { of }: Constants, spec: SgdSpec): Rule {
  const { learning_rate, momentum, nesterov, weight_decay } = spec;
  return ({ value, slots }, gradient) => {
    const g = penalized(tf, of, gradient, value, weight_decay);
    if (momentum === 0) return { value: tf.sub(value, tf.mul(g, of(learning_rate))), slots: [] };
    const moving = tf.add(tf.mul(slots[0], of(momentum)), g);
    const direction = nesterov ? tf.add(g, tf.mul(moving, of(momentum))) : moving;
    return { value: tf.sub(value, tf.mul(direction, of(learning_rate))), slots: [moving] };
  };
}

function rmsprop(tf: Tf, { of }: Constants, spec: RmspropSpec): Rule {
  const { learning_rate, alpha, epsilon, weight_decay } = spec;
  return ({ value, slots: [squareAvg] }, gradient) => {
    const g = penalized(tf, of, gradient, value, weight_decay);
    const v = tf.add(tf.mul(squareAvg, of(alpha)), tf.mul(tf.square(g), of(1 - alpha)));
    const change = tf.div(tf.mul(g, of(learning_rate)), tf.add(tf.sqrt(v), of(epsilon)));
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
