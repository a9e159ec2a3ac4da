/** Datasets as the API shows them. */
import Type from 'typebox';
import { component, listOf, nullable, pageSize } from '../../lib/named-schema.js';
import { DatasetPictures, SamplePicture } from './picture-schemas.js';

const datasetStatuses = ['processing', 'ready', 'failed'] as const;

const formats = ['csv', 'jsonl', 'parquet', 'idx', 'pictures'] as const;
export const columnTypes = ['number', 'category', 'boolean', 'datetime', 'id', 'text'] as const;
export const columnRoles = ['feature', 'ignore'] as const;

const Level = Type.Object({ value: Type.String(), count: Type.Integer() });

const figure = (description: string) =>
  Type.Unsafe<number | string | null>({ type: ['number', 'string', 'null'], description });

const columnProperties = {
  name: Type.String(),
  type: Type.Enum([...columnTypes], { type: 'string' }),
  role: Type.Enum([...columnRoles], {
    type: 'string',
    description: 'What a job does with the column unless it says otherwise.',
  }),
  reason: Type.String({ description: 'Why the type and the role are what they are.' }),
  missing: Type.Integer({ description: 'Cells without a value, unreadable ones included.' }),
  distinct: Type.Integer({ description: 'Different values; an estimate where there are very many.' }),
  min: figure('Of numbers and datetimes; null for other columns.'),
  max: figure('Like `min`.'),
  mean: figure('Like `min`.'),
  std: nullable(Type.Number({ description: 'Of numbers, of the population; null for other columns.' })),
  top: Type.Array(Level, { description: 'The commonest values, the commonest first.' }),
};

const DatasetColumn = Type.Object(columnProperties);

const DatasetWarning = Type.Object({
  code: Type.String({ description: 'Stable, for programs.' }),
  column: nullable(Type.String({ description: 'null: the whole table.' })),
  message: Type.String(),
  lines: Type.Optional(Type.Array(Type.Integer(), { description: 'The first lines where it occurs.' })),
  count: Type.Optional(Type.Integer()),
});

const DatasetProblem = Type.Object({
  code: Type.String({ description: 'Stable, for programs.' }),
  message: Type.String(),
  line: nullable(Type.Integer({ description: 'The physical line of the file; the header is line 1.' })),
  column: nullable(Type.String()),
  value: nullable(Type.String({ description: 'The text at fault, shortened.' })),
});

const DatasetError = Type.Object(
  {
    code: Type.String(),
    message: Type.String(),
    problems: Type.Array(DatasetProblem, { description: 'The places of the file at fault, up to 100.' }),
  },
  { description: 'Why the file cannot be used; null unless `status` is `failed`.' },
);

const summaryProperties = {
  object: Type.Literal('dataset'),
  name: Type.String(),
  version: Type.Integer({ description: 'From 1. What a version holds never changes.' }),
  status: Type.Enum([...datasetStatuses], { type: 'string' }),
  format: Type.Union([Type.Enum([...formats], { type: 'string' }), Type.Null()], {
    description: 'null: not known yet.',
  }),
  rows: nullable(Type.Integer({ description: 'null: not known yet.' })),
  sha256: Type.String({ description: 'Of the file, as `sha256sum` prints it.' }),
  size_bytes: nullable(
    Type.Integer({ description: 'Of the file as it was sent; null for built-in datasets.' }),
  ),
  target: Type.Array(Type.String(), {
    description: 'The columns that a job learns unless it names others.',
  }),
  error: nullable(DatasetError),
  created_at: nullable(
    Type.String({ format: 'date-time', description: 'When it was uploaded; null for built-in datasets.' }),
  ),
};

const summaryExample = {
  object: 'dataset' as const,
  name: 'churn',
  version: 1,
  status: 'ready' as const,
  format: 'csv' as const,
  rows: 7043,
  sha256: '16320c9c1ec72448db59aa0a26a0b95401046bef5b02fd3aeb906448e3055e91',
  size_bytes: 970_457,
  target: ['churned'],
  error: null,
  created_at: '2026-01-02T03:04:05.678Z',
};

const columnExamples = [
  {
    name: 'tenure',
    type: 'number' as const,
    role: 'feature' as const,
    reason: 'Every value is a number.',
    missing: 0,
    distinct: 73,
    min: 0,
    max: 72,
    mean: 32.37,
    std: 24.56,
    top: [{ value: '1', count: 613 }],
  },
  {
    name: 'churned',
    type: 'category' as const,
    role: 'feature' as const,
    reason: 'The values are texts, 2 different ones.',
    missing: 0,
    distinct: 2,
    min: null,
    max: null,
    mean: null,
    std: null,
    top: [
      { value: 'No', count: 5174 },
      { value: 'Yes', count: 1869 },
    ],
  },
];

const datasetExample = {
  ...summaryExample,
  progress: null,
  columns: columnExamples,
  warnings: [],
  arrays: null,
  pictures: null,
};

export const datasetExamples = {
  ready: datasetExample,
  processing: {
    ...datasetExample,
    status: 'processing' as const,
    format: null,
    rows: null,
    progress: { fraction: 0.42, rows: 2958 },
    columns: [],
  },
};

export const DatasetSummary = component(
  'DatasetSummary',
  Type.Object(summaryProperties, { description: 'A version of a dataset, without its columns.' }),
);

export const DatasetList = component(
  'DatasetList',
  listOf(DatasetSummary, 'A page of datasets by name, each by its newest version.', summaryExample),
);

export const DatasetVersionList = component(
  'DatasetVersionList',
  listOf(DatasetSummary, 'A page of versions, newest first.', summaryExample),
);

export const Dataset = component(
  'Dataset',
  Type.Object(
    {
      ...summaryProperties,
      progress: nullable(
        Type.Object(
          {
            fraction: Type.Number({ description: 'From 0 to 1.' }),
            rows: Type.Integer({ description: 'Read so far.' }),
          },
          { description: 'How far the reading is; null when it has not begun or is over.' },
        ),
      ),
      columns: Type.Array(DatasetColumn, {
        description: 'In the order of the file, each with its 10 commonest values; `…/profile` has more.',
      }),
      warnings: Type.Array(DatasetWarning, { description: 'What to look at before training.' }),
      arrays: nullable(
        Type.Object(
          {
            inputs: Type.Integer({ description: 'Numbers in one sample.' }),
            labels: Type.Array(Type.String(), { description: 'The classes, by index.' }),
            train_rows: Type.Integer(),
            test_rows: Type.Integer({ description: '0: a job divides the rows itself.' }),
          },
          {
            description:
              'Of a dataset whose samples are arrays, such as those of IDX files; null for others.',
          },
        ),
      ),
      pictures: nullable(DatasetPictures),
    },
    { description: 'A version of a dataset.', examples: [datasetExample] },
  ),
);

const Histogram = Type.Object(
  {
    from: Type.Number(),
    to: Type.Number(),
    counts: Type.Array(Type.Integer()),
  },
  { description: 'Counts of equally wide bins; datetimes in milliseconds since 1970.' },
);

export const DatasetProfile = component(
  'DatasetProfile',
  Type.Object(
    {
      object: Type.Literal('dataset_profile'),
      name: Type.String(),
      version: Type.Integer(),
      rows: Type.Integer(),
      columns: Type.Array(
        Type.Object({
          ...columnProperties,
          unreadable: Type.Integer({ description: 'Cells that are not of the type.' }),
          top: Type.Array(Level, {
            description: 'The values and how often each occurs, the commonest first, up to 1,000.',
          }),
          quantiles: nullable(
            Type.Array(
              Type.Object({
                at: Type.Number(),
                value: Type.Unsafe<number | string>({ type: ['number', 'string'] }),
              }),
              { description: 'Of numbers and datetimes.' },
            ),
          ),
          histogram: nullable(Histogram),
          sampled: nullable(
            Type.Integer({
              description:
                'How many values quantiles and histogram are of, where there are very many; null: all of them.',
            }),
          ),
        }),
      ),
      warnings: Type.Array(DatasetWarning),
    },
    {
      description: 'What is known of every column.',
      examples: [
        {
          object: 'dataset_profile',
          name: 'churn',
          version: 1,
          rows: 7043,
          columns: [
            {
              ...columnExamples[0],
              unreadable: 0,
              quantiles: [
                { at: 0.25, value: 9 },
                { at: 0.5, value: 29 },
                { at: 0.75, value: 55 },
              ],
              histogram: { from: 0, to: 72, counts: [2186, 1308, 1116, 1209, 1224] },
              sampled: null,
            },
          ],
          warnings: [],
        },
      ],
    },
  ),
);

export const DatasetRows = component(
  'DatasetRows',
  Type.Object(
    {
      object: Type.Literal('list'),
      data: Type.Array(Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true }), {
        description:
          'The rows by column name: numbers, true and false, and texts; null where there is no value. A cell that is ' +
          'not of the type of its column is shown as its text. Such a row is an input of `POST /predict`.',
      }),
      first_row: Type.Integer({
        description: 'The number of the first of these rows; the first of all is 1.',
      }),
      has_more: Type.Boolean({ description: 'Whether another page follows: ask with `after`.' }),
    },
    {
      description: 'A page of rows.',
      examples: [{ object: 'list', data: [{ tenure: 1, churned: 'No' }], first_row: 1, has_more: true }],
    },
  ),
);

export const DatasetSamples = component(
  'DatasetSamples',
  Type.Object(
    {
      object: Type.Literal('list'),
      part: Type.Enum(['train', 'test'], { type: 'string' }),
      data: Type.Array(
        Type.Object({
          row: Type.Integer({ description: 'Within the part, counted from 0.' }),
          target: Type.Unsafe<string | number[]>({
            type: ['string', 'array'],
            items: { type: 'number' },
            description: 'The label of its class, or its values.',
          }),
          inputs: Type.Optional(
            Type.Array(Type.Number(), {
              description:
                'The raw numbers: of a picture in an IDX file its pixels, row by row. They are an input of `POST /predict`.',
            }),
          ),
          picture: Type.Optional(SamplePicture),
        }),
      ),
    },
    {
      description: 'Samples of a dataset of arrays or pictures, in the order in which they were asked for.',
      examples: [{ object: 'list', part: 'test', data: [{ row: 17, target: '7', inputs: [0, 84, 185] }] }],
    },
  ),
);

export const SampleQuery = Type.Object(
  {
    part: Type.Optional(
      Type.Enum(['train', 'test'], {
        default: 'test',
        description:
          'Which samples the numbers count: the training or the test samples. Pictures are counted all together, as in the archive.',
      }),
    ),
    rows: Type.Optional(
      Type.String({
        pattern: '^\\d{1,9}(,\\d{1,9}){0,99}$',
        description: 'Their numbers, from 0, with commas between them; at most 100.',
        examples: ['0,17'],
      }),
    ),
    label: Type.Optional(
      Type.String({
        maxLength: 1_000,
        description: 'Instead of `rows`, of pictures: the first ones of this class.',
      }),
    ),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 100, default: 12, description: 'How many, with `label`.' }),
    ),
  },
  { additionalProperties: false },
);

/** The body is the file: OpenAPI 3.1 describes it with a schema without a type. */
const name = Type.String({ description: 'The name of the dataset.', examples: ['churn'] });

export const DatasetParams = Type.Object({ name });

export const DatasetVersionParams = Type.Object({
  name,
  version: Type.String({
    pattern: '^[1-9]\\d{0,8}$',
    description: 'The number of the version.',
    examples: ['1'],
  }),
});

export const DatasetPage = Type.Object(
  {
    after: Type.Optional(Type.String({ description: 'The name of the last dataset on the page before.' })),
    limit: pageSize('Datasets'),
  },
  { additionalProperties: false },
);

export const DatasetVersionPage = Type.Object(
  {
    after: Type.Optional(Type.Integer({ minimum: 1, description: 'The last version on the page before.' })),
    limit: pageSize('Versions'),
  },
  { additionalProperties: false },
);

export const RowPage = Type.Object(
  {
    after: Type.Optional(
      Type.Integer({ minimum: 0, default: 0, description: 'How many rows to skip: the last row before.' }),
    ),
    limit: pageSize('Rows'),
  },
  { additionalProperties: false },
);
