/** model.mjs, imported as a program would, beside the engine of the service that has the same kernels. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { modelPredictor } from '../../../../src/model/engines/model-predictor.js';
import { createWasmEngine } from '../../../../src/model/engines/wasm/wasm-engine.js';
import { portableModel } from '../../../../src/model/exchange/portable-model.js';
import { writeModule } from '../../../../src/model/exchange/standalone/write-module.js';
import type { DecodedModel } from '../../../../src/model/files/model-file.js';
import { applyHead } from '../../../../src/model/heads/head.js';
import { inputsOfRows } from '../../../../src/model/serving/table-inputs.js';
import { parametersOf } from '../../small-model.js';
import { fitted, houses, namedRow, tableDescription } from '../../small-table.js';
import { randomModels } from '../models-near-one.js';

interface Answer {
  predictions: { value?: number; values?: Record<string, number>; probabilities?: number[] }[];
  warnings?: { code: string; column?: string }[];
}

interface StandaloneModule {
  model: string;
  version: number;
  columns: string[];
  predict: (inputs: readonly unknown[]) => Promise<Answer>;
}

let folder = '';
let written = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'standalone-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function imported(model: DecodedModel): Promise<StandaloneModule> {
  const file = join(folder, `model-${written++}.mjs`);
  await writeFile(file, writeModule(portableModel({ name: 'houses', version: 7 }, model)));
  return (await import(pathToFileURL(file).href)) as StandaloneModule;
}

async function results({ description, parameters }: DecodedModel, inputs: Float32Array): Promise<number[]> {
  const predictor = await modelPredictor(createWasmEngine(), description, parameters);
  const outputs = await predictor.predict(inputs, inputs.length / description.network.inputs);
  predictor.dispose();
  return Array.from(applyHead(description.head, outputs));
}

function numbersIn({ predictions }: Answer): number[] {
  return predictions.flatMap(({ probabilities, value, values = {} }) => {
    return probabilities ?? (value === undefined ? Object.values(values) : [value]);
  });
}

describe('model.mjs', () => {
  test('answers with the bits of the service, whatever the network, the head and the scaling', async () => {
    await fc.assert(
      fc.asyncProperty(randomModels, async (model) => {
        const { predict } = await imported(model);
        const expected = await results(model, Float32Array.from(model.samples.flat()));
        expect(numbersIn(await predict(model.samples))).toEqual(expected);
      }),
      { numRuns: 20 },
    );
  });

  test('reads rows of a table as the service does, and says what is odd about them', async () => {
    const preprocessing = fitted(houses, undefined, 'piecewise');
    const description = tableDescription(preprocessing);
    const model = { description, parameters: parametersOf(description.network, 3) };
    const { predict, columns, ...file } = await imported(model);
    expect(file).toMatchObject({ model: 'houses', version: 7 });
    expect(columns).toEqual(houses.map(({ name }) => name));

    const rows = houses[0]?.texts.map((_, row) => namedRow(houses, row)) ?? [];
    const answer = await predict(rows);
    expect(numbersIn(answer)).toEqual(await results(model, inputsOfRows(preprocessing, rows).inputs));

    const odd = await predict([{ ...rows[0], city: 'Bergen', colour: 'red' }]);
    expect(odd.warnings).toEqual([
      expect.objectContaining({ code: 'UNSEEN_CATEGORY', column: 'city' }),
      expect.objectContaining({ code: 'UNKNOWN_COLUMN', column: 'colour' }),
    ]);
    await expect(predict([{ ...rows[0], area: 'large' }])).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      pointer: '/inputs/0/area',
      message: 'inputs[0].area is "large"; a finite number is expected.',
    });
  });
});
