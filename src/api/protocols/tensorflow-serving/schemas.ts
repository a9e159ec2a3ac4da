/**
 * The bodies of TensorFlow Serving's REST API, and the one signature that models have here:
 * https://github.com/tensorflow/serving/blob/master/tensorflow_serving/g3doc/api_rest.md
 */
import Type from 'typebox';
import { TrainyardError } from '../../../errors.js';
import type { NetworkSpec } from '../../../model/network/network.js';
import type { NumberList } from '../../../model/serving/packed-numbers.js';
import { component } from '../../../lib/named-schema.js';
import { exampleDigit } from '../../predictions/example-digit.js';
import { ModelVersionStatus, versionStatusExample } from '../../models/version-status.js';

export const inputName = 'input';

const signatureKey = 'serving_default';

/** @throws TrainyardError INVALID_REQUEST */
export function refuseOtherSignatures(asked: string | undefined): void {
  // An empty name is the default.
  if (asked === undefined || asked === '' || asked === signatureKey) return;
  const message = `The model has no signature ${JSON.stringify(asked)}; its only signature is ${signatureKey}.`;
  throw new TrainyardError('INVALID_REQUEST', message, { pointer: '/signature_name' });
}

/** A SignatureDefMap in JSON. */
export function signatures({ inputs, outputs }: NetworkSpec) {
  const signature = {
    inputs: { [inputName]: tensorInfoOf(inputName, inputs) },
    outputs: { probabilities: tensorInfoOf('probabilities', outputs) },
    method_name: 'tensorflow/serving/predict',
  };
  return { signature_def: { [signatureKey]: signature } };
}

/** For a tensor of shape (any, columns). */
function tensorInfoOf(name: string, columns: number) {
  const dim = [-1, columns].map((size) => ({ size: String(size), name: '' }));
  return { dtype: 'DT_FLOAT', tensor_shape: { dim, unknown_rank: false }, name: `${name}:0` };
}

const signatureName = Type.Optional(
  Type.String({ maxLength: 256, description: 'Must be `serving_default`.' }),
);

// The samples themselves are checked when they are read.
const samples = (description: string) => Type.Unsafe<NumberList>({ type: 'array', description });

export const TfPredictRequest = component(
  'TfPredictRequest',
  Type.Object(
    {
      signature_name: signatureName,
      instances: Type.Optional(
        samples(
          'Samples, each a list of numbers, nested or not, or `{"input": […]}`; raw, as for `/predict`. At most ' +
            '1024.',
        ),
      ),
      inputs: Type.Optional(
        Type.Unknown({ description: 'In place of `instances`: a matrix, or `{"input": matrix}`.' }),
      ),
    },
    {
      additionalProperties: false,
      description: 'Samples to classify, as rows in `instances` or as columns in `inputs`.',
      examples: [{ instances: [[...exampleDigit]] }],
    },
  ),
);

const matrix = Type.Optional(
  Type.Array(Type.Array(Type.Number()), {
    description: 'The probabilities of all classes, for each sample.',
  }),
);

export const TfPredictResponse = component(
  'TfPredictResponse',
  Type.Object(
    { predictions: matrix, outputs: matrix },
    {
      description: '`predictions` for `instances`, `outputs` for `inputs`.',
      examples: [{ predictions: [[0.0001, 0, 0.0002, 0.0004, 0, 0, 0, 0.9989, 0, 0.0004]] }],
    },
  ),
);

export const TfClassifyRequest = component(
  'TfClassifyRequest',
  Type.Object(
    {
      signature_name: signatureName,
      context: Type.Optional(
        Type.Unsafe<object>({ type: 'object', description: 'Features that all examples share.' }),
      ),
      examples: samples('Samples, each `{"input": […]}`; raw, as for `/predict`. At most 1024.'),
    },
    {
      additionalProperties: false,
      description: 'Samples to classify.',
      examples: [{ examples: [{ input: [...exampleDigit] }] }],
    },
  ),
);

const ranked = (description: string) =>
  Type.Unsafe<[string, number][][]>({
    type: 'array',
    items: { type: 'array', items: { type: 'array', minItems: 2, maxItems: 2 } },
    description,
  });

export const TfClassifyResponse = component(
  'TfClassifyResponse',
  Type.Object(
    {
      result: ranked('For each example, the label and the probability of each class, by class index.'),
      results: ranked('The same list: TensorFlow Serving calls it so, unlike its documentation.'),
    },
    {
      description: 'Labels and probabilities.',
      examples: [
        {
          result: [
            [
              ['0', 0.0011],
              ['1', 0.9989],
            ],
          ],
          results: [
            [
              ['0', 0.0011],
              ['1', 0.9989],
            ],
          ],
        },
      ],
    },
  ),
);

export const TfModelStatus = component(
  'TfModelStatus',
  Type.Object(
    { model_version_status: Type.Array(ModelVersionStatus.ref) },
    { description: 'The status of a version.', examples: [{ model_version_status: [versionStatusExample] }] },
  ),
);

const tensorInfo = Type.Object({
  dtype: Type.String(),
  tensor_shape: Type.Object({
    dim: Type.Array(Type.Object({ size: Type.String(), name: Type.String() })),
    unknown_rank: Type.Boolean(),
  }),
  name: Type.String(),
});

const signature = Type.Object({
  inputs: Type.Record(Type.String(), tensorInfo),
  outputs: Type.Record(Type.String(), tensorInfo),
  method_name: Type.String(),
});

export const TfModelMetadata = component(
  'TfModelMetadata',
  Type.Object(
    {
      model_spec: Type.Object({
        name: Type.String(),
        signature_name: Type.String(),
        version: Type.String(),
      }),
      metadata: Type.Object({
        signature_def: Type.Object({ signature_def: Type.Record(Type.String(), signature) }),
      }),
    },
    {
      description: 'The signatures of a version.',
      examples: [
        {
          model_spec: { name: 'mnist-mlp', signature_name: '', version: '1' },
          metadata: {
            signature_def: signatures({ inputs: 784, hidden: [], outputs: 10 }),
          },
        },
      ],
    },
  ),
);

export const tensorflowServingComponents = [
  TfPredictRequest,
  TfPredictResponse,
  TfClassifyRequest,
  TfClassifyResponse,
  TfModelMetadata,
  TfModelStatus,
];
