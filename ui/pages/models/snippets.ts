/** Programs that ask a model for a prediction, to be copied and run as they are. */
import { typicalOf } from './cells.js';
import type { Column } from './model-data.js';

export interface SnippetContext {
  /** Where the service is, without a slash at the end. */
  url: string;
  model: string;
  /** What is sent: a row by column name, or numbers. */
  sample: Record<string, unknown> | readonly number[];
  /** Whether the service wants a key, which then is in $TRAINYARD_KEY. */
  needsKey: boolean;
}

export interface Snippet {
  id: string;
  title: string;
  code: string;
}

export function exampleRow(columns: readonly Column[]): Record<string, unknown> {
  return Object.fromEntries(columns.map((column) => [column.name, typicalOf(column)]));
}

export function snippetsOf(context: SnippetContext): Snippet[] {
  return [
    { id: 'curl', title: 'curl', code: curlOf(`${context.url}/predict`, predictBody(context), context) },
    { id: 'javascript', title: 'JavaScript', code: javascriptOf(context) },
    { id: 'python', title: 'Python', code: pythonOf(context) },
    {
      id: 'oip',
      title: 'Open Inference Protocol',
      code: curlOf(`${context.url}/v2/models/${context.model}/infer`, inferBody(context), context),
    },
  ];
}

function predictBody({ model, sample }: SnippetContext): object {
  return { model, inputs: [sample] };
}

/** A tensor for each column of a table, else one tensor of all numbers. */
function inferBody({ sample }: SnippetContext): object {
  if (isNumbers(sample))
    return { inputs: [{ name: 'input', shape: [1, sample.length], datatype: 'FP32', data: sample }] };
  const inputs = Object.entries(sample).map(([name, value]) => ({
    name,
    shape: [1, 1],
    datatype: datatypeOf(value),
    data: [value],
  }));
  return { inputs };
}

function datatypeOf(value: unknown): string {
  if (typeof value === 'number') return 'FP64';
  return typeof value === 'boolean' ? 'BOOL' : 'BYTES';
}

function isNumbers(sample: SnippetContext['sample']): sample is readonly number[] {
  return Array.isArray(sample);
}

function curlOf(url: string, body: object, { needsKey }: SnippetContext): string {
  const key = needsKey ? ` \\\n  -H "authorization: Bearer $TRAINYARD_KEY"` : '';
  return `curl ${quoted(url)}${key} \\\n  -H 'content-type: application/json' \\\n  -d ${quoted(jsonOf(body))}`;
}

/** As one word of a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A line for each field, and numbers in one. */
function jsonOf(body: object, indent = '  '): string {
  return JSON.stringify(body, null, 2)
    .replaceAll(
      /\[\s+((?:-?[\d.e+-]+,?\s+)+)\]/gi,
      (_, numbers: string) => `[${numbers.trim().replaceAll(/\s+/g, ' ')}]`,
    )
    .replaceAll(/\[\s+("(?:[^"\\]|\\.)*"|true|false|null)\s+\]/g, '[$1]')
    .replaceAll('\n', `\n${indent}`);
}

function javascriptOf(context: SnippetContext): string {
  const key = context.needsKey ? '\n    authorization: `Bearer ${process.env.TRAINYARD_KEY}`,' : '';
  return `const response = await fetch(${JSON.stringify(`${context.url}/predict`)}, {
  method: 'POST',
  headers: {
    'content-type': 'application/json',${key}
  },
  body: JSON.stringify(${jsonOf(predictBody(context))}),
});
if (!response.ok) throw new Error(await response.text());
const { predictions } = await response.json();
console.log(predictions[0]);`;
}

function pythonOf(context: SnippetContext): string {
  const key = context.needsKey
    ? '\n    headers={"authorization": f"Bearer {os.environ[\'TRAINYARD_KEY\']}"},'
    : '';
  return `${context.needsKey ? 'import os\n' : ''}import requests

response = requests.post(
    ${JSON.stringify(`${context.url}/predict`)},${key}
    json=${pythonLiteral(predictBody(context)).replaceAll('\n', '\n    ')},
)
response.raise_for_status()
print(response.json()["predictions"][0])`;
}

/** JSON, but for the words true, false and null outside of texts. */
function pythonLiteral(body: object): string {
  const words: Record<string, string> = { true: 'True', false: 'False', null: 'None' };
  return jsonOf(body, '').replaceAll(
    /"(?:[^"\\]|\\.)*"|\btrue\b|\bfalse\b|\bnull\b/g,
    (token) => words[token] ?? token,
  );
}
