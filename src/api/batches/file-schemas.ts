/** The query string and the answer of a file of rows. */
import Type from 'typebox';
import { component } from '../../lib/named-schema.js';
import { addedColumns } from './added-columns.js';

export const BatchFileQuery = Type.Object(
  {
    alias: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 64,
        description: 'An alias of the version; by default `latest`.',
      }),
    ),
    ...addedColumns,
    output: Type.Optional(
      Type.Enum(['csv', 'jsonl'], {
        description:
          'The format of the answer to a Parquet file; by default by `Accept`, or else CSV. CSV is answered with CSV ' +
          'of the same delimiter, JSON Lines with JSON Lines.',
      }),
    ),
    format: Type.Optional(
      Type.Enum(['csv', 'jsonl', 'parquet'], {
        description: 'The format of the file; by default its content decides.',
      }),
    ),
    delimiter: Type.Optional(
      Type.String({ minLength: 1, maxLength: 1, description: 'Of CSV; by default it is detected.' }),
    ),
    encoding: Type.Optional(
      Type.String({ minLength: 1, maxLength: 32, description: 'Of the text; by default it is detected.' }),
    ),
    header: Type.Optional(
      Type.Boolean({
        description: 'Whether the first line of CSV has the names; by default it is detected.',
      }),
    ),
  },
  { additionalProperties: false },
);

const fileTypes = [
  'text/csv',
  'application/x-ndjson',
  'application/vnd.apache.parquet',
  'application/octet-stream',
];

/** The bodies are files: OpenAPI 3.1 describes them with a schema without a type. */
function fileOf(name: string, contentMediaType: string, description: string, example: string) {
  return component(name, Type.Unsafe<unknown>({ contentMediaType, description, examples: [example] }));
}

const RowsFile = fileOf(
  'RowsFile',
  'text/csv, application/x-ndjson, application/vnd.apache.parquet, application/gzip',
  'The rows to predict. The content of the file decides how it is read, and not its Content-Type.',
  'area,city,garden\n83.5,Oslo,yes\nx,Rome,no\n',
);

const PredictedCsv = fileOf(
  'PredictedCsv',
  'text/csv',
  'The rows, with the columns of the prediction behind their own.',
  'area,city,garden,prediction,prediction_error\n83.5,Oslo,yes,412.5,\nx,Rome,no,,"area is ""x""; a finite number is expected."\n',
);

const PredictedLines = fileOf(
  'PredictedLines',
  'application/x-ndjson',
  'The objects, with the keys of the prediction behind their own.',
  '{"area":83.5,"city":"Oslo","garden":"yes","prediction":412.5,"prediction_error":null}\n',
);

export const fileComponents = [RowsFile, PredictedCsv, PredictedLines];

export const csvAnswer = { 'text/csv': { schema: PredictedCsv.ref } };

export const fileBody = {
  content: Object.fromEntries(fileTypes.map((type) => [type, { schema: RowsFile.ref }])),
};

export const fileAnswer = {
  200: {
    description: 'The rows of the file in their order. The answer begins before the file has ended.',
    headers: {
      'X-Model-Version': { type: 'string', description: 'The version that answers every row.' },
      Trailer: {
        type: 'string',
        description:
          'After the last row of a complete answer come `X-Rows`, how many rows there are, and `X-Failed-Rows`, how ' +
          'many of them have no prediction.',
      },
    },
    content: { ...csvAnswer, 'application/x-ndjson': { schema: PredictedLines.ref } },
  },
};
