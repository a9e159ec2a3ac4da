/** The query string and the answer of a file of rows. */
import type { IncomingMessage } from 'node:http';
import Type from 'typebox';

export const BatchFileQuery = Type.Object(
  {
    alias: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 64,
        description: 'An alias of the version; by default `latest`.',
      }),
    ),
    probabilities: Type.Optional(
      Type.Boolean({
        description: 'Whether to add a column `probability_{class}` for each class; by default false.',
      }),
    ),
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

export const fileTypes = [
  'text/csv',
  'text/tab-separated-values',
  'application/x-ndjson',
  'application/vnd.apache.parquet',
  'application/gzip',
  'application/octet-stream',
];

/** The body is read as it arrives. */
export const FileBody = Type.Unsafe<IncomingMessage>({});

const csvExample =
  'age,city,prediction,confidence,prediction_error\n31,Oslo,yes,0.91,\nx,Rome,,,"age: ""x"" cannot be read as number."\n';
const jsonExample = '{"age":31,"city":"Oslo","prediction":"yes","confidence":0.91,"prediction_error":null}\n';

export const fileAnswer = {
  200: {
    description:
      'The rows of the file in their order, each with its prediction. The answer begins before the file has ended.',
    headers: {
      'X-Model-Version': { type: 'string', description: 'The version that answers every row.' },
      Trailer: {
        type: 'string',
        description: 'After the last row: `X-Rows`, how many rows there are, and `X-Failed-Rows`.',
      },
    },
    content: {
      'text/csv': { schema: { type: 'string' }, example: csvExample },
      'application/x-ndjson': { schema: { type: 'string' }, example: jsonExample },
    },
  },
};
