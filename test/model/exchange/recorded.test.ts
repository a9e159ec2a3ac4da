/**
 * What PyTorch and ONNX Runtime have computed with our files, and what they have written and computed themselves, number by number,
 * without them: scripts/make-exchange-fixtures.mjs has recorded it.
 */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { ImportDescription } from '../../../src/model/exchange/import/import-description.js';
import { importModel } from '../../../src/model/exchange/import/import-model.js';
import { encodeOnnx } from '../../../src/model/exchange/onnx/onnx-model.js';
import {
  portableModel,
  stateDictOf,
  type PortableModel,
} from '../../../src/model/exchange/portable-model.js';
import { pythonSource } from '../../../src/model/exchange/pytorch/python-source.js';
import { encodeStateDict } from '../../../src/model/exchange/pytorch/write-state-dict.js';
import { decodeModelFile, type DecodedModel } from '../../../src/model/files/model-file.js';
import { expectNear } from './near.js';
import { answersOf, resultsOf, type Case } from './random-models.js';

const fixture = (path: string): Promise<Buffer> =>
  readFile(new URL(`../../fixtures/exchange/${path}`, import.meta.url));

async function documentOf<Document>(path: string): Promise<Document> {
  return JSON.parse(String(await fixture(path))) as Document;
}

const samples = await documentOf<Record<string, Case['rows']>>('exported/rows.json');
const computed =
  await documentOf<Record<string, { pytorch: object[]; onnx: object }>>('exported/answers.json');
const foreign =
  await documentOf<Record<string, { rows: number[][]; outputs: number[][] }>>('onnx/answers.json');

describe.each(Object.keys(samples))('the exported model %s', (name) => {
  const model = async (): Promise<DecodedModel> =>
    decodeModelFile(await fixture(`exported/${name}.safetensors`));
  const encoders: [string, (model: PortableModel) => Buffer | string][] = [
    ['onnx', encodeOnnx],
    ['pth', (portable) => encodeStateDict(stateDictOf(portable))],
    ['py', pythonSource],
  ];

  test.each(encoders)('has the .%s that was computed with', async (ending, encode) => {
    const written = encode(portableModel({ name, version: 1 }, await model()));
    // If the exporter was changed on purpose: scripts/make-exchange-fixtures.mjs.
    expect(Buffer.from(written).equals(await fixture(`exported/${name}.${ending}`))).toBe(true);
  });

  test('answers in PyTorch and in ONNX Runtime as it does here', async () => {
    const answers = await answersOf(await model(), samples[name]);
    expectNear(computed[name].pytorch, answers);
    const rows = answers as { label?: string; probabilities?: number[] }[];
    expectNear(
      computed[name].onnx,
      rows[0].label === undefined
        ? { values: rows.map((answer) => Object.values(answer)) }
        : {
            label: rows.map(({ label }) => label),
            probabilities: rows.map(({ probabilities }) => probabilities),
          },
    );
  });

  test('comes back from ONNX with its own parameters', async () => {
    const { parameters } = await model();
    expect(importModel(await fixture(`exported/${name}.onnx`), {}).model.parameters).toEqual(parameters);
  });
});

/** How the networks of make.py are described, and what their outputs are as ours are. */
const descriptions: Record<string, { description: ImportDescription; answer: (row: number[]) => number[] }> =
  {
    normalised: { description: { labels: ['a', 'b', 'c'] }, answer: (row) => row },
    activations: { description: { values: ['a', 'b', 'c'] }, answer: (row) => row },
    picture: { description: { labels: ['a', 'b'] }, answer: (row) => row.map(Math.exp) },
    logit: { description: { labels: ['no', 'yes'] }, answer: ([yes]) => [1 - yes, yes] },
  };

test.each(Object.keys(foreign))('%s, as PyTorch has written it, answers as in ONNX Runtime', async (file) => {
  const { description, answer } = descriptions[file.split('-')[0]];
  const { model } = importModel(await fixture(`onnx/${file}`), description);
  const rows = foreign[file].rows.map((row) => row.flat(3));
  expectNear([...(await resultsOf(model, rows))], foreign[file].outputs.flatMap(answer));
});
