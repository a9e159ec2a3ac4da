/** What /metrics answers. */
import Type from 'typebox';
import { component } from '../../lib/named-schema.js';

const example = `# HELP trainyard_jobs_total Jobs that have ended, by how they did.
# TYPE trainyard_jobs_total counter
trainyard_jobs_total{status="succeeded"} 3
trainyard_jobs_total{status="failed"} 0
trainyard_jobs_total{status="cancelled"} 0
`;

export const PrometheusText = component(
  'PrometheusText',
  Type.String({ description: 'Prometheus’ text format.', examples: [example] }),
);
