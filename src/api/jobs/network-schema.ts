/** The network as it is shown: in a job's resolved spec and with a model's version. */
import Type from 'typebox';
import { activations } from '../../model/network/network.js';
import { component } from '../../lib/named-schema.js';

export const Network = component(
  'Network',
  Type.Object(
    {
      inputs: Type.Integer({ description: 'Numbers in one sample.' }),
      hidden: Type.Array(
        Type.Object({
          units: Type.Integer(),
          activation: Type.Enum([...activations], { type: 'string' }),
          dropout: Type.Number(),
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
  hidden: [{ units: 256, activation: 'relu' as const, dropout: 0 }],
  outputs: 10,
};
