/**
 * Learned tensors in TensorFlow's own variables, which its kernel for Adam updates in place: one pass over a parameter where
 * tfjs-core needs twelve, each with a new tensor. The node packages reach TensorFlow's operations by name, tfjs-core does
 * not. Where these operations do not work as expected, the trainer uses immutable tensors instead.
 */
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { optimizerAt, type AdamSpec } from '../../network/optimizers.js';
import { adamStep, numbersOf, sharesOfAverage } from './learned-tensors.js';
import type { Learned, LearnedTensors, SharesOfAverage } from './learned-tensors.js';
import type { Tf } from './tensorflow.js';

/** What the node packages have behind `tf.backend()`. */
interface Operations {
  executeMultipleOutputs(
    name: string,
    attributes: readonly Attribute[],
    inputs: readonly Tensor[],
    outputs: number,
  ): Tensor[];
  binding: Record<'TF_ATTR_TYPE' | 'TF_ATTR_SHAPE' | 'TF_ATTR_STRING' | 'TF_ATTR_BOOL' | 'TF_FLOAT', number>;
}

interface Attribute {
  name: string;
  type: number;
  value: unknown;
}

/** TensorFlow's name for a variable that is not shared. */
const anonymous = 'cd2c89b7-88b7-44c8-ad83-06c2a9158347';

/** A handle. */
type Variable = Tensor;

/** Takes over the tensors. `steps` are those of the whole run. */
export function createVariables(
  tf: Tf,
  { optimizer: spec, steps }: { optimizer: AdamSpec; steps: number },
  tensors: readonly Learned<Tensor>[],
): LearnedTensors {
  const { run, open, read, close } = variableOperations(tf);
  const betas = [tf.scalar(spec.beta1), tf.scalar(spec.beta2)];
  // The step size already includes the bias corrections that TensorFlow would derive from the betas' powers.
  const noPower = tf.scalar(0);
  const variables = tensors.map(({ value, slots, average }): Learned<Variable> => {
    const opened = { value: open(value), slots: slots.map(open), average: average && open(average) };
    tf.dispose([value, ...slots, ...(average === null ? [] : [average])]);
    return opened;
  });

  function updateOne(
    { value, slots, average }: Learned<Variable>,
    gradient: Tensor,
    step: StepScalars,
  ): void {
    let penalized = gradient;
    if (step.decay !== null) {
      const decayed = tf.mul(read(value), step.decay);
      if (spec.type === 'adam') penalized = tf.add(gradient, decayed);
      else run('AssignSubVariableOp', ['dtype'], [value, decayed]);
    }
    const settings = [noPower, noPower, step.size, ...betas, step.epsilon];
    run('ResourceApplyAdam', ['T'], [value, ...slots, ...settings, penalized]);
    if (average === null || step.shares === null) return;
    const { kept, taken } = step.shares;
    const followed = tf.add(tf.mul(read(average), kept), tf.mul(read(value), taken));
    run('AssignVariableOp', ['dtype'], [average, followed]);
  }

  return {
    parameters: () => variables.map(({ value }) => read(value)),
    evaluated: () => variables.map(({ value, average }) => read(average ?? value)),
    update(gradients, step) {
      const specNow = optimizerAt(spec, step, steps) as AdamSpec;
      const { stepSize, epsilon } = adamStep(specNow, step);
      const { type, weight_decay, learning_rate } = specNow;
      const decay = type === 'adam' ? weight_decay : learning_rate * weight_decay;
      const scalars: StepScalars = {
        size: tf.scalar(stepSize),
        epsilon: tf.scalar(epsilon),
        decay: decay === 0 ? null : tf.scalar(decay),
        shares: sharesOfAverage(tf, spec, step),
      };
      variables.forEach((variable, i) => {
        updateOne(variable, gradients[i], scalars);
      });
    },
    read: () => Promise.all(variables.map(readOne)),
    dispose() {
      for (const { value, slots, average } of variables) {
        [value, ...slots].forEach(close);
        if (average !== null) close(average);
      }
      tf.dispose([...betas, noPower]);
    },
  };

  async function readOne({ value, slots, average }: Learned<Variable>): Promise<Learned<Float32Array>> {
    const numbers = async (variable: Variable): Promise<Float32Array> => {
      const tensor = read(variable);
      try {
        return await numbersOf(tensor);
      } finally {
        tensor.dispose();
      }
    };
    return {
      value: await numbers(value),
      slots: await Promise.all(slots.map(numbers)),
      average: average && (await numbers(average)),
    };
  }
}

interface StepScalars {
  size: Scalar;
  epsilon: Scalar;
  /** The factor of the parameters in their decay; null: they do not decay. */
  decay: Scalar | null;
  shares: SharesOfAverage | null;
}

/** Whether the backend has such variables: tries a step of Adam on one. */
export async function hasVariables(tf: Tf): Promise<boolean> {
  if (!('executeMultipleOutputs' in tf.backend())) return false;
  const spec: AdamSpec = {
    type: 'adam',
    learning_rate: 0.5,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 0,
    weight_decay: 0,
  };
  const learned = { value: tf.tensor1d([1]), slots: [tf.tensor1d([0]), tf.tensor1d([0])], average: null };
  try {
    const variables = createVariables(tf, { optimizer: spec, steps: 1 }, [learned]);
    tf.tidy(() => variables.update([tf.tensor1d([3])], 1));
    const [{ value }] = await variables.read();
    variables.dispose();
    // For any gradient, the first step is as long as the learning rate.
    return Math.abs(value[0] - 0.5) < 1e-5;
  } catch {
    return false;
  }
}

/** TensorFlow's operations on variables of float32. */
function variableOperations(tf: Tf) {
  const backend = tf.backend() as unknown as Operations;
  const { TF_ATTR_TYPE, TF_ATTR_SHAPE, TF_ATTR_STRING, TF_ATTR_BOOL, TF_FLOAT } = backend.binding;
  const float32 = (name: string): Attribute => ({ name, type: TF_ATTR_TYPE, value: TF_FLOAT });
  const run = (operation: string, types: string[], inputs: Tensor[]): void => {
    backend.executeMultipleOutputs(operation, types.map(float32), inputs, 0);
  };

  return {
    run,
    open: (tensor: Tensor): Variable => {
      const [variable] = backend.executeMultipleOutputs(
        'VarHandleOp',
        [
          float32('dtype'),
          { name: 'shape', type: TF_ATTR_SHAPE, value: tensor.shape },
          { name: 'shared_name', type: TF_ATTR_STRING, value: anonymous },
          { name: 'container', type: TF_ATTR_STRING, value: '' },
        ],
        [],
        1,
      );
      run('AssignVariableOp', ['dtype'], [variable, tensor]);
      return variable;
    },
    /** A view, which costs a copy if it is still there at the next update. */
    read: (variable: Variable): Tensor =>
      backend.executeMultipleOutputs('ReadVariableOp', [float32('dtype')], [variable], 1)[0],
    close: (variable: Variable): void => {
      backend.executeMultipleOutputs(
        'DestroyResourceOp',
        [{ name: 'ignore_lookup_error', type: TF_ATTR_BOOL, value: true }],
        [variable],
        0,
      );
      variable.dispose();
    },
  };
}
