/** Batches as the API takes and shows them. */
import Type from 'typebox';
import { component, listOf, nullable, pageSize } from '../../lib/named-schema.js';
import { addedColumns } from './added-columns.js';

const idExample = 'batch_01K6Z3V5T8Q4M2N7R9XWBCDEFG';

const name = (description: string) => Type.String({ minLength: 1, maxLength: 64, description });

export const BatchRequest = component(
  'BatchRequest',
  Type.Object(
    {
      dataset: Type.Union(
        [
          name('The name of a dataset; its newest version that is ready is read.'),
          Type.Object(
            {
              name: name('The name of a dataset.'),
              version: Type.Optional(
                Type.Integer({ minimum: 1, description: 'By default the newest that is ready.' }),
              ),
            },
            { additionalProperties: false },
          ),
        ],
        {
          description: 'A table with the columns that the model needs. It may have others, also the target.',
        },
      ),
      model: name('The name of the model.'),
      version: Type.Optional(
        Type.Integer({ minimum: 1, description: 'The version of the model; by default the latest.' }),
      ),
      alias: Type.Optional(
        Type.String({
          minLength: 1,
          maxLength: 64,
          description: 'An alias of the version; not together with `version`.',
        }),
      ),
      output: Type.Optional(
        Type.Object(
          { dataset: name('The result becomes a version of this dataset.') },
          {
            additionalProperties: false,
            description: 'Without it the result is only a file: `GET /v1/batches/{id}/result`.',
          },
        ),
      ),
      ...addedColumns,
    },
    {
      additionalProperties: false,
      description: 'What to predict, and with what.',
      examples: [{ dataset: 'customers', model: 'churn', output: { dataset: 'customers-churn' } }],
    },
  ),
);

const Version = Type.Object({ name: Type.String(), version: Type.Integer() });

const batchExample = {
  id: idExample,
  object: 'batch' as const,
  status: 'succeeded' as const,
  dataset: { name: 'customers', version: 3 },
  model: { name: 'churn', version: 2 },
  probabilities: false,
  output: { dataset: 'customers-churn' },
  progress: { rows_done: 250_000, rows: 250_000, fraction: 1 },
  attempts: 1,
  result: {
    rows: 250_000,
    failed_rows: 3,
    size_bytes: 31_457_280,
    dataset: { name: 'customers-churn', version: 1 },
  },
  error: null,
  created_at: '2026-01-02T03:04:05.678Z',
  started_at: '2026-01-02T03:04:06.012Z',
  finished_at: '2026-01-02T03:04:21.345Z',
};

export const batchExamples = {
  new: {
    ...batchExample,
    status: 'queued' as const,
    progress: { rows_done: 0, rows: 250_000, fraction: 0 },
    attempts: 0,
    result: null,
    started_at: null,
    finished_at: null,
  },
  cancelled: {
    ...batchExample,
    status: 'cancelled' as const,
    progress: { rows_done: 125_000, rows: 250_000, fraction: 0.5 },
    result: null,
  },
};

const time = (description: string) => Type.String({ format: 'date-time', description });

export const Batch = component(
  'Batch',
  Type.Object(
    {
      id: Type.String({ description: 'Ids sort by the time of creation.' }),
      object: Type.Literal('batch'),
      status: Type.Enum(['queued', 'running', 'succeeded', 'failed', 'cancelled'], { type: 'string' }),
      dataset: Type.Object(Version.properties, { description: 'The version that is read.' }),
      model: Type.Object(Version.properties, { description: 'The version that predicts every row.' }),
      probabilities: Type.Boolean(),
      abstain_below: Type.Optional(Type.Number({ description: 'As it was asked for.' })),
      warnings: Type.Optional(Type.Boolean({ description: 'As it was asked for.' })),
      output: nullable(Type.Object({ dataset: Type.String() }, { description: 'As it was asked for.' })),
      progress: Type.Object({
        rows_done: Type.Integer({ description: 'Rows whose predictions are stored.' }),
        rows: Type.Integer(),
        fraction: Type.Number(),
      }),
      attempts: Type.Integer({ description: 'How many times a worker has taken the batch up.' }),
      result: nullable(
        Type.Object(
          {
            rows: Type.Integer(),
            failed_rows: Type.Integer({
              description: 'Rows without a prediction; their `prediction_error` says why.',
            }),
            size_bytes: Type.Integer({ description: 'Of `GET /v1/batches/{id}/result`.' }),
            dataset: nullable(
              Type.Object(Version.properties, { description: 'null where no `output` was asked for.' }),
            ),
          },
          { description: 'null until the batch has succeeded.' },
        ),
      ),
      error: nullable(
        Type.Object(
          { code: Type.String(), message: Type.String() },
          { description: 'Why the batch failed, or null.' },
        ),
      ),
      created_at: time('When the batch was accepted.'),
      started_at: nullable(time('When a worker first took it up.')),
      finished_at: nullable(time('When it ended.')),
    },
    { description: 'Predictions for all rows of a dataset.', examples: [batchExample] },
  ),
);

export const BatchList = component(
  'BatchList',
  listOf(Batch, 'A page of batches, newest first.', batchExample),
);

export const BatchParams = Type.Object({
  id: Type.String({
    description: 'The id of the batch, as `POST /v1/batches` returned it.',
    examples: [idExample],
  }),
});

export const BatchPage = Type.Object(
  {
    after: Type.Optional(Type.String({ description: 'The id of the last batch on the page before.' })),
    limit: pageSize('Batches'),
  },
  { additionalProperties: false },
);
