/** Models of every kind with random parameters, rows for them, and what the service answers. */
import fc from 'fast-check';
import { createReferenceEngine } from '../../../src/model/engines/reference/reference-engine.js';
import { modelPredictor } from '../../../src/model/engines/model-predictor.js';
import { ensembleOf, type DecodedModel } from '../../../src/model/files/model-file.js';
import { answeredClass, classRows } from '../../../src/model/heads/class-ranking.js';
import { applyHead, outputsOf, type Head } from '../../../src/model/heads/head.js';
import { namedValues } from '../../../src/model/heads/named-values.js';
import {
  activations,
  parameterShapes,
  type NetworkSpec,
  type StateDict,
} from '../../../src/model/network/network.js';
import type { AffineMap } from '../../../src/model/preprocessing/affine.js';
import { encodings, type TablePreprocessing } from '../../../src/model/preprocessing/table.js';
import { packRows } from '../../../src/model/serving/raw-inputs.js';
import { inputsOfRows } from '../../../src/model/serving/table-inputs.js';
import { fitted, formats, type TestColumn } from '../small-table.js';

export type NamedRow = Record<string, string | number | boolean | null>;

/** A model, and rows of the inputs that it takes. */
export interface Case {
  model: DecodedModel;
  rows: number[][] | NamedRow[];
}

/** To three decimals. */
const finite = fc.integer({ min: -1e6, max: 1e6 }).map((thousandths) => thousandths / 1e3);
const labels = fc.constantFrom<string[]>(
  ['no', 'yes'],
  ['a "quoted" one', "it's", 'ünïcode\n'],
  ['0', '1', '2', '3'],
);

const hidden = fc.array(
  fc.record({
    units: fc.integer({ min: 1, max: 6 }),
    activation: fc.constantFrom(...activations),
    dropout: fc.constantFrom(0, 0.5),
  }),
  { maxLength: 3 },
);

const classHead: fc.Arbitrary<Head> = fc
  .record({
    labels,
    probabilities: fc.constantFrom('softmax' as const, 'nearest_distribution' as const),
    temperature: fc.option(fc.double({ min: 0.1, max: 5, noNaN: true }), { nil: undefined }),
    threshold: fc.option(
      fc.record({ positive: fc.nat({ max: 1 }), at_least: fc.double({ min: 0.01, max: 0.99, noNaN: true }) }),
      {
        nil: undefined,
      },
    ),
  })
  .map(({ labels, probabilities, temperature, threshold }) => ({
    kind: 'classes',
    labels,
    probabilities,
    ...(probabilities === 'softmax' && temperature !== undefined && { temperature }),
    ...(labels.length === 2 && threshold && { threshold }),
  }));

const scaling = fc.record({ mean: finite, std: fc.double({ min: 0.1, max: 10, noNaN: true }) });

const valueHead: fc.Arbitrary<Head> = fc
  .record({
    count: fc.integer({ min: 1, max: 3 }),
    scalings: fc.option(fc.array(scaling, { minLength: 3, maxLength: 3 })),
  })
  .map(({ count, scalings }) => ({
    kind: 'values',
    names: ['price', 'size', 'age'].slice(0, count),
    ...(scalings && { scaling: scalings.slice(0, count) }),
  }));

const affine: fc.Arbitrary<AffineMap | null> = fc.option(
  fc.record({
    divide_by: fc.constantFrom(1, 255),
    mean: fc.double({ min: -1, max: 1, noNaN: true }),
    std: fc.double({ min: 0.1, max: 2, noNaN: true }),
  }),
);

interface Shape {
  seed: number;
  hidden: NetworkSpec['hidden'];
  head: Head;
  ensemble: number;
}

const shape: fc.Arbitrary<Shape> = fc.record({
  seed: fc.integer({ min: 1, max: 1e6 }),
  hidden,
  head: fc.oneof(classHead, valueHead),
  ensemble: fc.constantFrom(1, 1, 3),
});

export const numbersCase: fc.Arbitrary<Case> = fc
  .tuple(shape, affine, fc.integer({ min: 1, max: 5 }))
  .chain(([shape, scaling, inputs]) =>
    fc
      .array(
        fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: inputs, maxLength: inputs }),
        {
          minLength: 1,
          maxLength: 4,
        },
      )
      .map((rows) => ({ model: randomModel(shape, inputs, scaling), rows })),
  );

const levels = ['Oslo', 'Rome', 'Paris', 'São Paulo', "O'Hare", '3', 'true'];
/** What a column of its kind has. `tiny`: numbers of which float64 keeps few digits, or none. */
const cell = {
  number: fc.option(finite, { freq: 8 }),
  tiny: fc.option(fc.double({ min: -1e-307, max: 1e-307, noNaN: true }), { freq: 8 }),
  boolean: fc.option(fc.boolean()),
  datetime: fc.option(
    fc.constantFrom('2024-02-29', '1969-12-31T23:59:59.500Z', '2000-01-01T12:00:00', '2031-07-04'),
  ),
  category: fc.oneof(
    fc.option(fc.constantFrom(...levels, 'unseen', '?', ' Oslo ')),
    fc.constantFrom(3, true),
  ),
};

const columnKinds = ['number', 'tiny', 'boolean', 'datetime', 'category'] as const;

/** The levels of categories have a space around them here and there; '?' is missing. */
export const tableCase: fc.Arbitrary<Case> = fc
  .record({
    shape,
    kinds: fc.array(fc.constantFrom(...columnKinds), { minLength: 1, maxLength: 4 }),
    encoding: fc.constantFrom(...encodings),
    training: fc.integer({ min: 2, max: 40 }),
  })
  .chain(({ shape, kinds, encoding, training }) => {
    const row = fc.tuple(...kinds.map((kind): fc.Arbitrary<NamedRow[string]> => cell[kind]));
    return fc
      .tuple(
        fc.array(row, { minLength: training, maxLength: training }),
        fc.array(row, { minLength: 1, maxLength: 4 }),
      )
      .map(([trainingRows, rows]) => {
        const columns = kinds.map((kind, c): TestColumn => ({
          name: `${kind} ${c}`,
          format: formats[kind === 'tiny' ? 'number' : kind],
          texts: trainingRows.map((cells) => textOf(cells[c])),
        }));
        const preprocessing = fitted(columns, undefined, encoding);
        return {
          model: randomModel(shape, preprocessing.width, null, preprocessing),
          rows: rows.map((cells) => Object.fromEntries(columns.map(({ name }, c) => [name, cells[c]]))),
        };
      });
  })
  .filter(({ model }) => model.description.network.inputs > 0);

/** As a CSV file would have it. */
function textOf(cell: NamedRow[string]): string | null {
  if (cell === true) return 'yes';
  if (cell === false) return 'no';
  return cell === null ? null : String(cell);
}

function randomModel(
  { seed, hidden, head, ensemble }: Shape,
  inputs: number,
  scaling: AffineMap | null,
  preprocessing?: TablePreprocessing,
): DecodedModel {
  const network = { inputs, hidden, outputs: outputsOf(head) };
  const description = {
    format_version: 2 as const,
    network,
    head,
    scaling,
    ...(preprocessing && { preprocessing }),
  };
  const members = Array.from({ length: ensemble }, (_, member) => ({
    description,
    parameters: randomParameters(network, seed * 100 + member),
  }));
  return ensembleOf(members);
}

/** Weights of about 1 / √inputs, as they are after training. */
function randomParameters(network: NetworkSpec, seed: number): StateDict {
  return new Map(
    parameterShapes(network).map(({ name, shape }, layer) => {
      const length = shape.reduce((size, side) => size * side, 1);
      const scale = 1.5 / Math.sqrt(shape[1] ?? 1);
      const data = Float32Array.from(
        { length },
        (_, i) => scale * Math.sin((seed % 9973) * 7.31 + layer * 101 + i * 12.9898),
      );
      return [name, { shape, data }];
    }),
  );
}

/** (rows, outputs) of the head, as the service computes them. */
export async function resultsOf(
  { description, parameters }: DecodedModel,
  rows: Case['rows'],
): Promise<Float32Array> {
  const { preprocessing, head, network } = description;
  const inputs = preprocessing ? inputsOfRows(preprocessing, rows).inputs : packRows(rows, network.inputs);
  const predictor = await modelPredictor(createReferenceEngine(), description, parameters);
  return applyHead(head, await predictor.predict(inputs, rows.length));
}

/** What `predict` of model.py gives for each row. */
export async function answersOf(model: DecodedModel, rows: Case['rows']): Promise<object[]> {
  const { head } = model.description;
  const results = await resultsOf(model, rows);
  if (head.kind === 'values') {
    return namedValues(results, head.names).map((each) =>
      'value' in each ? { [head.names[0]]: each.value } : each.values,
    );
  }
  return classRows(results, head.labels.length).map((row) => {
    const { label, confidence } = answeredClass(row, head);
    return { label, confidence, probabilities: [...row] };
  });
}
