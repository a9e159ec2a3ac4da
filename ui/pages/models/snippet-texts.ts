/** The same question to a model in several languages and protocols. */
import type { Cell } from './example-row.js';

export interface Question {
  /** Of the service, without a slash at its end. */
  url: string;
  model: string;
  /** A row by column, or the numbers of a sample. */
  input: Record<string, Cell> | number[];
  needsKey: boolean;
}

export function snippetsFor(question: Question): { title: string; code: string }[] {
  return [
    { title: 'curl', code: curl(question) },
    { title: 'JavaScript', code: javaScript(question) },
    { title: 'Python', code: python(question) },
    ...(Array.isArray(question.input)
      ? []
      : [{ title: 'Open Inference Protocol', code: openInference(question) }]),
  ];
}

function bodyOf({ model, input }: Question): string {
  return JSON.stringify({ model, inputs: [input] });
}

function curl(question: Question): string {
  return [
    `curl ${question.url}/predict \\`,
    ...(question.needsKey ? ['  -H "Authorization: Bearer $TRAINYARD_KEY" \\'] : []),
    "  -H 'Content-Type: application/json' \\",
    `  -d '${bodyOf(question).replaceAll("'", `'\\''`)}'`,
  ].join('\n');
}

function javaScript(question: Question): string {
  return [
    `const response = await fetch('${question.url}/predict', {`,
    "  method: 'POST',",
    question.needsKey
      ? "  headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${process.env.TRAINYARD_KEY}` },"
      : "  headers: { 'Content-Type': 'application/json' },",
    `  body: JSON.stringify(${bodyOf(question)}),`,
    '});',
    'console.log((await response.json()).predictions);',
  ].join('\n');
}

/** JSON inside of a Python string, since its words for true and null differ. */
function python(question: Question): string {
  return [
    ...(question.needsKey ? ['import os'] : []),
    'import urllib.request',
    '',
    'request = urllib.request.Request(',
    `    "${question.url}/predict",`,
    `    data=${JSON.stringify(bodyOf(question))}.encode(),`,
    '    headers={',
    '        "Content-Type": "application/json",',
    ...(question.needsKey ? ['        "Authorization": f"Bearer {os.environ[\'TRAINYARD_KEY\']}",'] : []),
    '    },',
    ')',
    'print(urllib.request.urlopen(request).read().decode())',
  ].join('\n');
}

/** One tensor a column. */
function openInference(question: Question): string {
  const inputs = Object.entries(question.input).map(([name, cell]) => ({
    name,
    shape: [1, 1],
    datatype: typeof cell === 'number' ? 'FP64' : 'BYTES',
    data: [typeof cell === 'boolean' ? String(cell) : cell],
  }));
  return [
    `curl ${question.url}/v2/models/${encodeURIComponent(question.model)}/infer \\`,
    ...(question.needsKey ? ['  -H "Authorization: Bearer $TRAINYARD_KEY" \\'] : []),
    "  -H 'Content-Type: application/json' \\",
    `  -d '${JSON.stringify({ inputs }).replaceAll("'", `'\\''`)}'`,
  ].join('\n');
}
