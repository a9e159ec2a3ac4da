/** The curve of a job. */
import Type from 'typebox';
import { component } from '../../lib/named-schema.js';
import { EpochMetrics, metricsExample } from './training-schemas.js';

export const MetricsList = component(
  'MetricsList',
  Type.Object(
    {
      object: Type.Literal('list'),
      data: Type.Array(EpochMetrics('Of one epoch.'), { description: 'By epoch.' }),
      epochs_done: Type.Integer({
        description: 'More than there are points where the curve was thinned.',
      }),
    },
    {
      description: 'The metrics of the epochs done.',
      examples: [{ object: 'list', data: [metricsExample], epochs_done: 5 }],
    },
  ),
);

export const MetricsQuery = Type.Object(
  {
    max_points: Type.Optional(
      Type.Integer({
        minimum: 2,
        maximum: 10_000,
        default: 500,
        description: 'At most this many epochs, evenly chosen, the first and the last among them.',
      }),
    ),
  },
  { additionalProperties: false },
);
