/**
 * A version as one ONNX graph: the cells of a table or numbers in, labels and probabilities or values out. What comes before and
 * after the network is computed in float64 where the service does so.
 */
import { outputsOf, type ClassHead, type ValueHead } from '../../heads/head.js';
import type { Activation } from '../../network/network.js';
import { descriptionOf, type PortableLayer, type PortableModel } from '../portable-model.js';
import { OnnxGraph } from './onnx-graph.js';
import { liftOf, tableInputs } from './onnx-table.js';
import { graphDigest, ownMetadata, type OwnMetadata } from './own-metadata.js';

export function encodeOnnx(model: PortableModel): Buffer {
  const { name, version, table, inputs, members, head } = model;
  const graph = new OnnxGraph();
  const cells = table === null ? numbersInput(graph, inputs) : tableInputs(graph, table);
  const given = scaled(graph, model, cells);
  const outputs = members.map((layers) => networkOutputs(graph, layers, given));
  if (head.kind === 'classes') classOutputs(graph, head, outputs);
  else valueOutputs(graph, head, outputs);
  const names = head.kind === 'classes' ? head.labels : head.names;
  return graph.encode(name, `Version ${version} of ${name}`, (bytes) => {
    const own: OwnMetadata = { description: descriptionOf(model), graph_sha256: graphDigest(bytes) };
    return {
      version: String(version),
      [head.kind === 'classes' ? 'labels' : 'values']: JSON.stringify(names),
      [ownMetadata]: JSON.stringify(own),
    };
  });
}

function numbersInput(graph: OnnxGraph, width: number): string {
  return graph.input('inputs', 'float', width, `${width} numbers`);
}

function scaled(graph: OnnxGraph, { scaling }: PortableModel, inputs: string): string {
  if (scaling === null) return inputs;
  const double = (value: number): string => graph.constant('double', [value]);
  const divided = graph.node('Div', [toDouble(graph, inputs), double(scaling.divide_by)]);
  const lift = liftOf(Math.abs(scaling.std), scaling.mean);
  const lifted = lift === 1 ? divided : graph.node('Mul', [divided, double(lift)]);
  const centred = graph.node('Sub', [lifted, double(scaling.mean * lift)]);
  return toFloat(graph, graph.node('Div', [centred, double(scaling.std * lift)]));
}

/** (rows, outputs) */
function networkOutputs(graph: OnnxGraph, layers: readonly PortableLayer[], inputs: string): string {
  return layers.reduce((values, { inputs: width, outputs, weight, bias, activation }) => {
    const parameters = [graph.floats(weight, [outputs, width]), graph.floats(bias, [outputs])];
    return activated(graph, activation, graph.node('Gemm', [values, ...parameters], { transB: 1 }));
  }, inputs);
}

function activated(graph: OnnxGraph, activation: Activation, x: string): string {
  const float = (value: number): string => graph.constant('float', [value]);
  switch (activation) {
    case 'identity':
      return x;
    case 'relu':
      return graph.node('Relu', [x]);
    case 'leaky_relu':
      return graph.node('LeakyRelu', [x], { alpha: { float: 0.01 } });
    case 'sigmoid':
      return graph.node('Sigmoid', [x]);
    case 'tanh':
      return graph.node('Tanh', [x]);
    case 'silu':
      return graph.node('Mul', [x, graph.node('Sigmoid', [x])]);
    case 'mish':
      return graph.node('Mul', [x, graph.node('Tanh', [graph.node('Softplus', [x])])]);
    case 'selu':
      // Its defaults are the constants of PyTorch.
      return graph.node('Selu', [x]);
    case 'gelu': {
      // Opset 20 would have it: x · (1 + erf(x / √2)) / 2.
      const erf = graph.node('Erf', [graph.node('Mul', [x, float(Math.SQRT1_2)])]);
      return graph.node('Mul', [graph.node('Mul', [x, float(0.5)]), graph.node('Add', [erf, float(1)])]);
    }
  }
}

function classOutputs(graph: OnnxGraph, head: ClassHead, outputs: readonly string[]): void {
  const { labels, threshold } = head;
  const probabilities = toFloat(graph, probabilitiesOf(graph, head, outputs));
  const indices =
    threshold === undefined
      ? graph.node('ArgMax', [probabilities], { axis: 1, keepdims: 0 })
      : thresholdIndices(graph, threshold, probabilities);
  graph.output('label', 'string', null, graph.node('Gather', [graph.texts(labels), indices], { axis: 0 }));
  graph.output('probabilities', 'float', labels.length, probabilities);
}

/** (rows, classes) in float64. Of several networks the mean, before the temperature: see mean-outputs.ts. */
function probabilitiesOf(
  graph: OnnxGraph,
  { labels, probabilities, temperature = 1 }: ClassHead,
  outputs: readonly string[],
): string {
  const doubles = outputs.map((each) => toDouble(graph, each));
  if (probabilities === 'nearest_distribution') {
    const each = doubles.map((output) => nearestDistribution(graph, output, labels.length));
    return meanOf(graph, each);
  }
  const logits =
    doubles.length === 1
      ? doubles[0]
      : graph.node('Log', [
          graph.node('Max', [
            meanOf(
              graph,
              doubles.map((output) => softmax(graph, output)),
            ),
            graph.constant('double', [1e-300]),
          ]),
        ]);
  const divided =
    temperature === 1 ? logits : graph.node('Div', [logits, graph.constant('double', [temperature])]);
  return softmax(graph, divided);
}

function softmax(graph: OnnxGraph, logits: string): string {
  return graph.node('Softmax', [logits], { axis: 1 });
}

/** The projection onto the simplex; its shift is the largest of the candidates: J. Duchi et al., 2008, figure 1. */
function nearestDistribution(graph: OnnxGraph, outputs: string, classes: number): string {
  const double = (...values: number[]): string => graph.constant('double', values, [1, values.length]);
  const largest = graph.node('ReduceMax', [outputs], { axes: [1], keepdims: 1 });
  const shifted = graph.node('Sub', [outputs, largest]);
  // The sums of the first, the first two, … of the largest ones.
  const [falling, order] = [`${shifted}:falling`, `${shifted}:order`];
  graph.node('TopK', [shifted, graph.constant('int64', [classes], [1])], { axis: 1 }, [falling, order]);
  const upper = Array.from({ length: classes ** 2 }, (_, i) =>
    Math.floor(i / classes) <= i % classes ? 1 : 0,
  );
  const sums = graph.node('MatMul', [falling, graph.constant('double', upper, [classes, classes])]);
  const counts = double(...Array.from({ length: classes }, (_, k) => k + 1));
  const candidates = graph.node('Div', [graph.node('Sub', [sums, double(1)]), counts]);
  const shift = graph.node('ReduceMax', [candidates], { axes: [1], keepdims: 1 });
  return graph.node('Max', [graph.node('Sub', [shifted, shift]), double(0)]);
}

/** (rows) */
function thresholdIndices(
  graph: OnnxGraph,
  { positive, at_least }: NonNullable<ClassHead['threshold']>,
  probabilities: string,
): string {
  const own = graph.node('Gather', [toDouble(graph, probabilities), graph.constant('int64', [positive])], {
    axis: 1,
  });
  const isPositive = graph.node('GreaterOrEqual', [own, graph.constant('double', [at_least])]);
  const [is, isNot] = [positive, 1 - positive].map((index) => graph.constant('int64', [index]));
  return graph.node('Where', [isPositive, is, isNot]);
}

function valueOutputs(graph: OnnxGraph, head: ValueHead, outputs: readonly string[]): void {
  let values = meanOf(
    graph,
    outputs.map((each) => toDouble(graph, each)),
  );
  if (head.scaling !== undefined) {
    const row = (numbers: number[]): string => graph.constant('double', numbers, [1, numbers.length]);
    values = graph.node('Mul', [values, row(head.scaling.map(({ std }) => std))]);
    values = graph.node('Add', [values, row(head.scaling.map(({ mean }) => mean))]);
  }
  graph.output('values', 'float', outputsOf(head), toFloat(graph, values));
}

/** In float64; of one it is the one. */
function meanOf(graph: OnnxGraph, members: readonly string[]): string {
  const sum = members.reduce((one, other) => graph.node('Add', [one, other]));
  return members.length === 1 ? sum : graph.node('Div', [sum, graph.constant('double', [members.length])]);
}

function toDouble(graph: OnnxGraph, values: string): string {
  return graph.node('Cast', [values], { to: 'double' });
}

function toFloat(graph: OnnxGraph, values: string): string {
  return graph.node('Cast', [values], { to: 'float' });
}
