/**
 * The bodies of TensorFlow Serving's REST API, and the one signature that models have here:
 * https://github.com/tensorflow/serving/blob/master/tensorflow_serving/g3doc/api_rest.md
 */
import Type from 'typebox';
import { TrainyardError } from '../../../errors.js';
import type { CellFormat } from '../../../lib/cells/cell-format.js';
import { classHead } from '../../../model/heads/head.js';
import type { VersionManifest } from '../../../model/registry/registry.js';
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
export function signatures({ network, head, table }: Signed) {
  const inputs = table?.columns.map(({ name, format }) => tensorInfoOf(name, dtypeOf(format), [-1, 1]));
  const outputs =
    head.kind === 'values'
      ? head.names.map((name) => tensorInfoOf(name, 'DT_FLOAT', [-1]))
      : [tensorInfoOf('probabilities', 'DT_FLOAT', [-1, network.outputs])];
  const signature = {
    inputs: Object.fromEntries(inputs ?? [tensorInfoOf(inputName, 'DT_FLOAT', [-1, network.inputs])]),
    outputs: Object.fromEntries(outputs),
    method_name: 'tensorflow/serving/predict',
  };
  return { signature_def: { [signatureKey]: signature } };
}

type Signed = Pick<VersionManifest, 'network' | 'head' | 'table'>;

function dtypeOf({ type }: CellFormat): string {
  if (type === 'number') return 'DT_DOUBLE';
  return type === 'boolean' ? 'DT_BOOL' : 'DT_STRING';
}

/** The name and the description of a tensor; -1 stands for any size. */
function tensorInfoOf(name: string, dtype: string, shape: readonly number[]) {
  const dim = shape.map((size) => ({ size: String(size), name: '' }));
  return [name, { dtype, tensor_shape: { dim, unknown_rank: false }, name: `${name}:0` }] as const;
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
          'Samples, each a list of numbers, nested or not, or `{"input": […]}`; raw, as for `/predict`. For a model ' +
            'that learned from a table, each an object by column name, or a list in the order of the columns. At ' +
            'most 1024.',
        ),
      ),
      inputs: Type.Optional(
        Type.Unknown({
          description:
            'In place of `instances`: a matrix, or `{"input": matrix}`. For a table, an object with a list of ' +
            'cells for each column.',
        }),
      ),
    },
    {
      additionalProperties: false,
      description: 'Samples, as rows in `instances` or as columns in `inputs`.',
      examples: [{ instances: [[...exampleDigit]] }],
    },
  ),
);

const warnings = Type.Optional(
  Type.Array(
    Type.Object({
      code: Type.String(),
      column: Type.Optional(Type.String()),
      count: Type.Integer({ description: 'How many rows or samples it concerns.' }),
      message: Type.String(),
    }),
    {
      description:
        'What is legal and may yet be a mistake in the columns, as from `/predict`. Left out when there are none.',
    },
  ),
);

export const TfPredictResponse = component(
  'TfPredictResponse',
  Type.Object(
    {
      predictions: Type.Optional(
        Type.Array(Type.Unknown(), {
          description:
            'For each sample, the probabilities of all classes, or the predicted value, or an object of the ' +
            'predicted values by name where there are several.',
        }),
      ),
      outputs: Type.Optional(
        Type.Unknown({
          description: 'The same as columns: where there are several values, an object with a list for each.',
        }),
      ),
      warnings,
    },
    {
      description: '`predictions` for `instances`, `outputs` for `inputs`.',
      examples: [{ predictions: [[0.0001, 0, 0.0002, 0.0004, 0, 0, 0, 0.9989, 0, 0.0004]] }],
    },
  ),
);

const examplesRequest = {
  signature_name: signatureName,
  context: Type.Optional(
    Type.Unsafe<object>({ type: 'object', description: 'Features that all examples share.' }),
  ),
  examples: samples(
    'Samples, each `{"input": […]}`, or an object by column name for a model that learned from a table; raw, as for ' +
      '`/predict`. At most 1024.',
  ),
};

export const TfClassifyRequest = component(
  'TfClassifyRequest',
  Type.Object(examplesRequest, {
    additionalProperties: false,
    description: 'Samples to classify.',
    examples: [{ examples: [{ input: [...exampleDigit] }] }],
  }),
);

export const TfRegressRequest = component(
  'TfRegressRequest',
  Type.Object(examplesRequest, {
    additionalProperties: false,
    description: 'Samples whose value is asked for.',
    examples: [{ context: { city: 'Oslo' }, examples: [{ area: 83.5, garden: true }, { area: 41 }] }],
  }),
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
      warnings,
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

const values = (description: string) => Type.Array(Type.Number(), { description });

export const TfRegressResponse = component(
  'TfRegressResponse',
  Type.Object(
    {
      result: values('The predicted value of each example.'),
      results: values('The same list: TensorFlow Serving calls it so, unlike its documentation.'),
      warnings,
    },
    { description: 'Values.', examples: [{ result: [412.5, 230.25], results: [412.5, 230.25] }] },
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
            signature_def: signatures({
              network: { inputs: 784, hidden: [], outputs: 10 },
              head: classHead('cross_entropy', []),
            }),
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
  TfRegressRequest,
  TfRegressResponse,
  TfModelMetadata,
  TfModelStatus,
];
