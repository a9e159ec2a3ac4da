/** The network as it is shown: in a job's resolved spec and with a model's version. */
import Type from 'typebox';
import { component } from './component.js';

export const activations = ['relu'] as const;

export const Network = component(
  'Network',
  Type.Object(
    {
      inputs: Type.Integer({ description: 'Numbers in one sample.' }),
      hidden: Type.Array(
        Type.Object({
          units: Type.Integer(),
          activation: Type.Enum([...activations], { type: 'string' }),
        }),
        { description: 'The hidden layers, first to last.' },
      ),
      outputs: Type.Integer({ description: 'Classes.' }),
    },
    { description: 'A multi-layer perceptron.' },
  ),
);

export const networkExample = {
  inputs: 784,
  hidden: [{ units: 256, activation: 'relu' as const }],
  outputs: 10,
};
