/** Graphs of ONNX as models of this service. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TrainyardError } from '../../../../src/errors.js';
import type { ImportDescription } from '../../../../src/model/exchange/import/import-description.js';
import { importModel } from '../../../../src/model/exchange/import/import-model.js';
import { OnnxGraph, type Attribute } from '../../../../src/model/exchange/onnx/onnx-graph.js';
import { encodeOnnx } from '../../../../src/model/exchange/onnx/onnx-model.js';
import { portableModel } from '../../../../src/model/exchange/portable-model.js';
import type { DecodedModel } from '../../../../src/model/files/model-file.js';
import { expectNear } from '../near.js';
import { answersOf, numbersCase, resultsOf, tableCase } from '../random-models.js';

const onnxOf = (model: DecodedModel): Buffer =>
  encodeOnnx(portableModel({ name: 'random', version: 1 }, model));

/** The code and message of what it throws. */
function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof TrainyardError) return `${error.code} ${error.pointer ?? ''} ${error.message}`;
    throw error;
  }
  return 'it was taken';
}

test.each([
  ['numbers', numbersCase],
  ['the columns of a table', tableCase],
])('a model of %s comes back as it was', async (_of, arbitrary) => {
  await fc.assert(
    fc.asyncProperty(arbitrary, async ({ model, rows }) => {
      const imported = importModel(onnxOf(model), {});
      expect(imported.format).toBe('onnx');
      expect(imported.model.parameters).toEqual(model.parameters);
      expect(await answersOf(imported.model, rows)).toEqual(await answersOf(model, rows));
    }),
    { numRuns: 60 },
  );
});

test('a graph of ours that another program has changed is read as that of another program', async () => {
  await fc.assert(
    fc.asyncProperty(
      numbersCase.filter(({ model: { description } }) => {
        const { head, ensemble } = description;
        return ensemble === undefined && (head.kind === 'values' || head.probabilities === 'softmax');
      }),
      async ({ model, rows }) => {
        const { head } = model.description;
        const names = head.kind === 'values' ? { values: head.names } : { labels: head.labels };
        // Its digest is of another graph then.
        const changed = Buffer.from(
          onnxOf(model).toString('latin1').replace('graph_sha256', 'graph_sha257'),
          'latin1',
        );
        const imported = importModel(changed, names).model;
        expect(imported.description.network.hidden).toEqual(
          model.description.network.hidden.map((layer) => ({ ...layer, dropout: 0 })),
        );
        const numbers = (results: Float32Array): number[] => Array.from(results);
        expectNear(numbers(await resultsOf(imported, rows)), numbers(await resultsOf(model, rows)));
      },
    ),
    { numRuns: 60 },
  );
});

/** A graph of (rows, 3) → (rows, 2), and what is known of its one sample. */
const sample = [0.5, -1, 2];

function graphOf(build: (graph: OnnxGraph, x: string) => string, width = 3): Buffer {
  const graph = new OnnxGraph();
  graph.output('y', 'float', 2, build(graph, graph.input('x', 'float', width, '')));
  return graph.encode('foreign', '', () => ({}));
}

/** Of two outputs, both 0.3 · x₀ + 0.2 · x₁ − 0.1 · x₂ + 0.4 and the negative of it. */
function linear(graph: OnnxGraph, x: string): string {
  const weight = graph.constant('float', [0.3, -0.3, 0.2, -0.2, -0.1, 0.1], [3, 2]);
  return graph.node('Add', [graph.node('MatMul', [x, weight]), graph.constant('float', [0.4, -0.4], [2])]);
}

const sum = 0.3 * 0.5 + 0.2 * -1 - 0.1 * 2 + 0.4;

async function valuesOf(file: Buffer): Promise<number[]> {
  return [...(await resultsOf(importModel(file, { values: ['a', 'b'] }).model, [sample]))];
}

describe('a graph of another program', () => {
  const scalar = (graph: OnnxGraph, value: number): string => graph.constant('float', [value]);
  test.each<[string, (graph: OnnxGraph, x: string) => string, number[]]>([
    ['MatMul and Add', linear, [sum, -sum]],
    [
      'Gemm with alpha, beta and one bias for all',
      (graph, x) =>
        graph.node('Gemm', [x, graph.constant('float', [1, 2, 3, 4, 5, 6], [2, 3]), scalar(graph, 3)], {
          transB: 1,
          alpha: { float: 2 },
          beta: { float: 0.5 },
        }),
      [2 * (0.5 - 2 + 6) + 1.5, 2 * (2 - 5 + 12) + 1.5],
    ],
    [
      'a mean and a std for each input',
      (graph, x) => {
        const centred = graph.node('Sub', [x, graph.constant('float', [1, 2, 3], [1, 3])]);
        return linear(graph, graph.node('Div', [centred, graph.constant('float', [0.5, 2, 4], [3])]));
      },
      [0.3 * -1 + 0.2 * -1.5 - 0.1 * -0.25 + 0.4, -(0.3 * -1 + 0.2 * -1.5 - 0.1 * -0.25 + 0.4)],
    ],
    [
      'constants before and after it',
      (graph, x) => {
        const half = graph.node('Mul', [scalar(graph, 0.5), x]);
        return graph.node('Sub', [scalar(graph, 1), linear(graph, graph.node('Neg', [half]))]);
      },
      [1 - (0.4 - (sum - 0.4) / 2), 1 + (0.4 - (sum - 0.4) / 2)],
    ],
    [
      'BatchNormalization',
      (graph, x) => {
        const vectors = [
          [2, 3],
          [0.5, -0.5],
          [0.1, 0.2],
          [4, 9],
        ].map((vector) => graph.constant('float', vector, [2]));
        return graph.node('BatchNormalization', [linear(graph, x), ...vectors], { epsilon: { float: 0 } });
      },
      [2 * ((sum - 0.1) / 2) + 0.5, 3 * ((-sum - 0.2) / 3) - 0.5],
    ],
    [
      'an activation at its end, with a scale and a shift',
      (graph, x) => {
        const tanh = graph.node('Tanh', [linear(graph, x)]);
        return graph.node('Add', [
          graph.node('Mul', [tanh, scalar(graph, 3)]),
          graph.constant('float', [1, 2], [2]),
        ]);
      },
      [3 * Math.tanh(sum) + 1, 3 * Math.tanh(-sum) + 2],
    ],
    [
      'the activation of a multiple',
      (graph, x) => graph.node('Tanh', [graph.node('Mul', [linear(graph, x), scalar(graph, 2)])]),
      [Math.tanh(2 * sum), Math.tanh(-2 * sum)],
    ],
    [
      'SiLU after BatchNormalization',
      (graph, x) => {
        const vectors = [
          [2, 2],
          [0, 0],
          [0, 0],
          [1, 1],
        ].map((vector) => graph.constant('float', vector, [2]));
        const normal = graph.node('BatchNormalization', [linear(graph, x), ...vectors], {
          epsilon: { float: 0 },
        });
        return graph.node('Mul', [graph.node('Sigmoid', [normal]), normal]);
      },
      [(2 * sum) / (1 + Math.exp(-2 * sum)), (-2 * sum) / (1 + Math.exp(2 * sum))],
    ],
    [
      'a Reshape to (rows, inputs), asked of the input',
      (graph, x) => {
        const rows = graph.node('Gather', [graph.node('Shape', [x]), graph.constant('int64', [0], [1])]);
        const sides = graph.node('Concat', [rows, graph.constant('int64', [-1], [1])], { axis: 0 });
        return linear(graph, graph.node('Reshape', [x, sides]));
      },
      [sum, -sum],
    ],
    [
      'Identity, Dropout, Cast and Flatten between its layers',
      (graph, x) => {
        const flat = graph.node('Flatten', [graph.node('Cast', [x], { to: 'double' })]);
        return linear(graph, graph.node('Dropout', [graph.node('Identity', [flat])]));
      },
      [sum, -sum],
    ],
  ])('with %s answers as it does', async (_of, build, expected) => {
    expectNear(await valuesOf(graphOf(build)), expected);
  });

  test('what happens to every input alike stays before the network', () => {
    const { model } = importModel(
      graphOf((graph, x) => linear(graph, graph.node('Div', [x, scalar(graph, 256)]))),
      { labels: ['a', 'b'] },
    );
    expect(model.description.scaling).toEqual({ divide_by: 1, mean: -0, std: 256 });
    expect(Array.from(model.parameters.get('fc1.weight')?.data ?? [])).toEqual(
      Array.from(Float32Array.of(0.3, 0.2, -0.1, -0.3, -0.2, 0.1)),
    );
  });

  test('with a Softmax at its end has the classes of the description', async () => {
    const file = graphOf((graph, x) => graph.node('Softmax', [linear(graph, x)], { axis: 1 }));
    const { model } = importModel(file, { labels: ['yes', 'no'] });
    const yes = 1 / (1 + Math.exp(-2 * sum));
    expectNear([...(await resultsOf(model, [sample]))], [yes, 1 - yes]);
    expect(refusal(() => importModel(file, { values: ['a', 'b'] }))).toMatch(
      /INVALID_REQUEST \/description\/labels/,
    );
  });

  test('that gives the Sigmoid of one output has two classes', async () => {
    const file = graphOf((graph, x) =>
      graph.node('Sigmoid', [graph.node('Gemm', [x, graph.constant('float', [0.3, 0.2, -0.1], [3, 1])])]),
    );
    const { model } = importModel(file, { labels: ['no', 'yes'] });
    const yes = 1 / (1 + Math.exp(-(sum - 0.4)));
    expectNear([...(await resultsOf(model, [sample]))], [1 - yes, yes]);
    expect(
      refusal(() =>
        importModel(
          graphOf((graph, x) => graph.node('Sigmoid', [linear(graph, x)])),
          { labels: ['a', 'b'] },
        ),
      ),
    ).toMatch(/ends in a Sigmoid of 2/);
  });

  test.each<[string, (graph: OnnxGraph, x: string) => string, RegExp]>([
    [
      'a convolution',
      (graph, x) => graph.node('Conv', [x, x]),
      /the node "trainyard:1" \(Conv\), which is not carried/,
    ],
    [
      'a node of another domain',
      (graph, x) => graph.node('com.example.Relu', [linear(graph, x)]),
      /\(com\.example\.Relu\)/,
    ],
    [
      'an activation that is none of ours',
      (graph, x) => graph.node('Elu', [linear(graph, x)]),
      /\(Elu\), with which .* none of the activations/,
    ],
    [
      'a leaky ReLU of another slope',
      (graph, x) => graph.node('LeakyRelu', [linear(graph, x)], { alpha: { float: 0.2 } }),
      /\(LeakyRelu\).*leaky_relu with 0\.01/,
    ],
    [
      'a branch around a layer',
      (graph, x) => {
        const y = linear(graph, x);
        return graph.node('Add', [
          y,
          graph.node('MatMul', [graph.node('Relu', [y]), graph.constant('float', [1, 0, 0, 1], [2, 2])]),
        ]);
      },
      /\(Add\), where two branches/,
    ],
    [
      'an activation of the inputs',
      (graph, x) => graph.node('Relu', [x]),
      /where no linear layer is before it/,
    ],
    [
      'a Softmax in the middle',
      (graph, x) =>
        graph.node('MatMul', [
          graph.node('Softmax', [linear(graph, x)]),
          graph.constant('float', [1, 0, 0, 1], [2, 2]),
        ]),
      /a Softmax must be at the end/,
    ],
    [
      'a weight of another width',
      (graph, x) => graph.node('MatMul', [x, graph.constant('float', [1, 2, 3, 4], [2, 2])]),
      /rows of the shape \[3\] by \[2, 2\]/,
    ],
    ['no layer', (graph, x) => graph.node('Identity', [x]), /no linear layer/],
    ['what nothing gives', (graph) => graph.node('Relu', ['z']), /uses "z", which nothing before it gives/],
  ])('with %s is refused by the name of its node', (_of, build, message) => {
    expect(refusal(() => importModel(graphOf(build), { values: ['a', 'b'] }))).toMatch(message);
  });

  test('with two inputs, or two networks, is refused', () => {
    const graph = new OnnxGraph();
    const both = graph.node('Add', [
      graph.input('one', 'float', 2, ''),
      graph.input('other', 'float', 2, ''),
    ]);
    graph.output('y', 'float', 2, both);
    expect(
      refusal(() =>
        importModel(
          graph.encode('', '', () => ({})),
          { values: ['a'] },
        ),
      ),
    ).toMatch(/takes 2 inputs \("one", "other"\)/);
    const two = new OnnxGraph();
    const x = two.input('x', 'float', 3, '');
    two.output('one', 'float', 2, linear(two, x));
    two.output('other', 'float', 2, linear(two, x));
    expect(
      refusal(() =>
        importModel(
          two.encode('', '', () => ({})),
          { values: ['a'] },
        ),
      ),
    ).toMatch(/gives "one", "other": keep the output/);
  });

  test.each<[keyof ImportDescription, ImportDescription]>([
    ['activations', { activations: 'relu', values: ['a', 'b'] }],
    ['layers', { layers: ['a'], values: ['a', 'b'] }],
  ])('takes no %s, which it says itself', (field, description) => {
    expect(refusal(() => importModel(graphOf(linear), description))).toMatch(
      `INVALID_REQUEST /description/${field} The graph says it: leave out ${field}.`,
    );
  });
});

describe('hostile graphs', () => {
  test('numbers in another file, and what is no number, are refused', () => {
    const file = graphOf(linear);
    // The field of the raw bytes becomes that of the place of external data.
    const outside = Buffer.from(file);
    outside[outside.indexOf(Buffer.from([0x4a, 24]))] = 0x6a;
    expect(refusal(() => importModel(outside, { values: ['a', 'b'] }))).toMatch(/in another file/);
    const notFinite = graphOf((graph, x) =>
      graph.node('MatMul', [x, graph.constant('float', [1, NaN, 1, 1, 1, 1], [3, 2])]),
    );
    expect(refusal(() => importModel(notFinite, { values: ['a', 'b'] }))).toMatch(/NaN in the tensor/);
  });

  test('a graph that uses a tensor thousands of times, or doubles its branches, ends soon', () => {
    const again = graphOf((graph, x) => {
      const square = graph.floats(new Float32Array(300 * 300), [300, 300]);
      let y = x;
      for (let i = 0; i < 5_000; i++) y = graph.node('MatMul', [y, square]);
      return y;
    }, 300);
    expect(refusal(() => importModel(again, { values: ['a', 'b'] }))).toMatch(
      /more than a network of its size/,
    );
    const doubled = graphOf((graph, x) => {
      let y = linear(graph, x);
      for (let i = 0; i < 2_000; i++) y = graph.node('Mul', [y, y]);
      return y;
    });
    expect(refusal(() => importModel(doubled, { values: ['a', 'b'] }))).toMatch(/none of the activations/);
  });

  test('10,000 mutated files are taken or refused with a code, and nothing else happens', () => {
    const attribute: Record<string, Attribute> = { transB: 1, alpha: { float: 2 } };
    const files = [
      graphOf(linear),
      graphOf((graph, x) => {
        const gemm = graph.node('Gemm', [x, graph.constant('double', [1, 2, 3, 4, 5, 6], [2, 3])], attribute);
        return graph.node('Softmax', [graph.node('Mul', [gemm, graph.node('Sigmoid', [gemm])])], { axis: 1 });
      }),
      ...fc.sample(numbersCase, { numRuns: 3, seed: 5 }).map(({ model }) => onnxOf(model)),
      ...fc.sample(tableCase, { numRuns: 3, seed: 5 }).map(({ model }) => onnxOf(model)),
    ];
    let refused = 0;
    fc.assert(
      fc.property(
        fc.nat({ max: files.length - 1 }),
        fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 }),
        fc.option(fc.nat(), { freq: 4 }),
        fc.constantFrom<ImportDescription>({}, { values: ['a', 'b'] }, { labels: ['a', 'b'] }),
        (which, changes, cut, description) => {
          const mutant = Buffer.from(files[which]);
          for (const [at, value] of changes) mutant[at % mutant.length] = value;
          const file = mutant.subarray(0, cut === null ? undefined : cut % mutant.length);
          const outcome = refusal(() => importModel(file, description));
          if (outcome !== 'it was taken') refused++;
          expect(outcome).toMatch(/^(it was taken|MODEL_FILE_INVALID |INVALID_REQUEST )/);
        },
      ),
      { numRuns: 10_000 },
    );
    expect(refused).toBeGreaterThan(5_000);
  });
});
