/** What Triton's extensions for statistics and for model configuration answer. */
import Type from 'typebox';
import { component } from '../../../lib/named-schema.js';

const Duration = Type.Object({
  count: Type.Integer(),
  ns: Type.Integer({ description: 'Nanoseconds, in all.' }),
});

const computed = { compute_input: Duration, compute_infer: Duration, compute_output: Duration };

const duration = (count: number, ns: number) => ({ count, ns });

const computedExample = {
  compute_input: duration(3, 0),
  compute_infer: duration(3, 354_000),
  compute_output: duration(3, 0),
};

export const ModelStatistics = component(
  'ModelStatistics',
  Type.Object(
    {
      model_stats: Type.Array(
        Type.Object({
          name: Type.String(),
          version: Type.String(),
          last_inference: Type.Integer({ description: 'Milliseconds since the epoch; 0: never.' }),
          inference_count: Type.Integer({ description: 'Samples that were answered.' }),
          execution_count: Type.Integer({
            description: 'Calls of the engine, each with the samples of some requests.',
          }),
          inference_stats: Type.Object(
            {
              success: Duration,
              fail: Duration,
              queue: Duration,
              ...computed,
              cache_hit: Duration,
              cache_miss: Duration,
            },
            { description: 'Requests, and where their time went.' },
          ),
          response_stats: Type.Unsafe<object>({
            type: 'object',
            description: 'Empty: a request has one response.',
          }),
          batch_stats: Type.Array(Type.Object({ batch_size: Type.Integer(), ...computed }), {
            description: 'Calls of the engine, by their samples.',
          }),
          memory_usage: Type.Array(Type.Unknown(), { description: 'Empty: it is not known.' }),
        }),
      ),
    },
    {
      description: 'How much versions were asked since this process started.',
      examples: [
        {
          model_stats: [
            {
              name: 'mnist-mlp',
              version: '1',
              last_inference: 1_767_323_056_301,
              inference_count: 3,
              execution_count: 3,
              inference_stats: {
                success: duration(3, 4_120_000),
                fail: duration(0, 0),
                queue: duration(3, 123_000),
                ...computedExample,
                cache_hit: duration(0, 0),
                cache_miss: duration(0, 0),
              },
              response_stats: {},
              batch_stats: [{ batch_size: 1, ...computedExample }],
              memory_usage: [],
            },
          ],
        },
      ],
    },
  ),
);

const Tensor = Type.Object(
  {
    name: Type.String(),
    data_type: Type.String(),
    dims: Type.Array(Type.Integer(), { description: 'Of one sample.' }),
  },
  { additionalProperties: true },
);

export const ModelConfig = component(
  'ModelConfig',
  Type.Unsafe<Record<string, unknown>>(
    Type.Object(
      {
        name: Type.String(),
        platform: Type.String(),
        backend: Type.String(),
        max_batch_size: Type.Integer({ description: 'Samples in a request.' }),
        input: Type.Array(Tensor),
        output: Type.Array(Tensor),
      },
      {
        additionalProperties: true,
        description: 'A model as Triton’s ModelConfig message describes one.',
        examples: [
          {
            name: 'mnist-mlp',
            platform: 'trainyard_mlp',
            backend: 'trainyard',
            version_policy: { all: {} },
            max_batch_size: 1024,
            input: [{ name: 'input', data_type: 'TYPE_FP32', dims: [784] }],
            output: [
              { name: 'probabilities', data_type: 'TYPE_FP32', dims: [10] },
              { name: 'class', data_type: 'TYPE_INT64', dims: [1], reshape: { shape: [] } },
            ],
          },
        ],
      },
    ),
  ),
);
