/** What comes with an upload: the file, how to read it, and what it is for. */
import Type from 'typebox';
import { columnRoles, columnTypes } from './dataset-schemas.js';
import { component } from '../../lib/named-schema.js';

export const DatasetFile = component(
  'DatasetFile',
  Type.Unsafe<unknown>({
    contentMediaType: 'text/csv, application/jsonl, application/vnd.apache.parquet, application/gzip',
    description: 'The file. Its content decides how it is read, and not its Content-Type.',
    examples: ['age,city,churned\n31,Oslo,no\n47,Bergen,yes\n'],
  }),
);

const file = (description: string) => Type.Unsafe<unknown>({ contentMediaType: '*/*', description });

export const DatasetForm = component(
  'DatasetForm',
  Type.Unsafe<unknown>({
    type: 'object',
    properties: {
      file: file('The file of a table.'),
      images: file('Instead of a table: an IDX file of images, with `labels`.'),
      labels: file('An IDX file with the class of each image.'),
      test_images: file('Images of a test split.'),
      test_labels: file('Their classes.'),
      options: {
        type: 'string',
        description: 'All options as one JSON object.',
        examples: ['{"name":"churn","target":"churned"}'],
      },
    },
    description:
      'The file and the options. Every parameter of the query string may be a field of the form instead, before or ' +
      'after the file. Without `name` the dataset is named after the file.',
    examples: [
      {
        file: 'age,city,churned\n31,Oslo,no\n47,Bergen,yes\n',
        options: '{"name":"churn","target":"churned"}',
      },
    ],
  }),
);

const option = {
  name: Type.String({
    minLength: 1,
    maxLength: 100,
    description: '1 to 64 of a-z, 0-9, ., _ and -. New content under a known name becomes its next version.',
    examples: ['churn'],
  }),
  format: Type.Enum(['csv', 'jsonl', 'parquet'], { description: 'Instead of finding it out.' }),
  delimiter: Type.String({
    minLength: 1,
    maxLength: 1,
    description: 'What separates the cells of a line, instead of finding it out.',
  }),
  escape: Type.Enum(['"', '\\'], { description: 'What stands before a quote inside quotes.' }),
  encoding: Type.String({
    minLength: 1,
    maxLength: 40,
    description: 'For example `utf-8` or `windows-1252`, instead of finding it out.',
  }),
  header: Type.Boolean({ description: 'Whether the first line has the names, instead of finding it out.' }),
};

const columnName = Type.String({ minLength: 1, maxLength: 1_000 });

const targets = Type.Array(columnName, { minItems: 1, maxItems: 1_000, uniqueItems: true });

export const UploadQuery = Type.Object(
  {
    name: Type.Optional(option.name),
    target: Type.Optional(
      Type.Unsafe<string[]>({
        ...targets,
        description: 'A column that jobs shall learn, unless they name another. Repeat it for several.',
      }),
    ),
    format: Type.Optional(option.format),
    delimiter: Type.Optional(option.delimiter),
    escape: Type.Optional(option.escape),
    encoding: Type.Optional(option.encoding),
    header: Type.Optional(option.header),
    columns: Type.Optional(
      Type.String({
        maxLength: 200_000,
        description:
          'Types and roles by column, as JSON: `{"zip":{"type":"category"},"row_id":{"role":"ignore"}}`.',
      }),
    ),
  },
  { additionalProperties: false },
);

const ColumnChoice = Type.Object(
  {
    type: Type.Optional(Type.Enum([...columnTypes])),
    role: Type.Optional(Type.Enum([...columnRoles])),
  },
  { additionalProperties: false },
);

/** The options in full, wherever they came from. */
export const UploadOptions = Type.Object(
  {
    name: Type.Optional(option.name),
    target: Type.Optional(targets),
    format: Type.Optional(option.format),
    delimiter: Type.Optional(option.delimiter),
    escape: Type.Optional(option.escape),
    encoding: Type.Optional(option.encoding),
    header: Type.Optional(option.header),
    columns: Type.Optional(Type.Record(Type.String(), ColumnChoice)),
  },
  { additionalProperties: false },
);

export const UploadHeaders = Type.Object({
  Prefer: Type.Optional(
    Type.String({
      description: '`wait=30`: wait up to so many seconds for the file to be read (RFC 7240), at most 60.',
    }),
  ),
});
