/** What each operator of a graph does to the network that is found so far, and to constants. */
import { elements } from '../../network/network.js';
import { modelFileInvalid } from '../import/model-file-invalid.js';
import { combinedConstants, transposed, vectorBeside } from './constants.js';
import { throughAffine, throughBoth, throughCurve, throughLayer, type Flow, type Vector } from './flow.js';
import type { OnnxNode } from './onnx-file.js';
import {
  constantAt,
  flowOf,
  isSides,
  refuse,
  vectorOf,
  type Operator,
  type Step,
  type Value,
} from './operator-step.js';
import { curveOperators, pairOperators } from './sampled-curve.js';
import { cast, concat, flatten, gather, reshape, shape, transpose, unchanged } from './shape-operators.js';
import type { Constant } from './tensor-proto.js';

export const operators: Readonly<Record<string, Operator>> = {
  Gemm: gemm,
  MatMul: (step) =>
    throughLayer(flowOf(step, 0), { weight: weightOf(step, true), gain: 1, bias: 0, shown: step.node.shown }),
  BatchNormalization: batchNormalization,
  Softmax: softmax,
  LogSoftmax: softmax,
  Identity: unchanged,
  Dropout: unchanged,
  Cast: cast,
  Flatten: flatten,
  Reshape: reshape,
  Transpose: transpose,
  Neg: (step) => affine(step, { gain: -1, shift: 0 }),
  Shape: shape,
  Gather: gather,
  Concat: concat,
  Unsqueeze: (step) => (isSides(step.inputs[0]) ? step.inputs[0] : refuse(step.node)),
  Squeeze: (step) => (isSides(step.inputs[0]) ? step.inputs[0] : refuse(step.node)),
  ...Object.fromEntries(Object.keys(curveOperators).map((operator) => [operator, curve])),
  ...Object.fromEntries(Object.keys(pairOperators).map((operator) => [operator, pair])),
};

function gemm(step: Step): Flow {
  const { node, inputs } = step;
  const number = (name: string, otherwise: number): number => node.attributes.get(name)?.number ?? otherwise;
  if (number('transA', 0) !== 0) refuse(node);
  const weight = weightOf(step, number('transB', 0) === 0);
  const beta = number('beta', 1);
  const bias = inputs[2] === undefined ? 0 : vectorOf(step, 2, [weight.shape[0]]);
  const scaled = typeof bias === 'number' ? bias * beta : beta === 1 ? bias : bias.map((each) => each * beta);
  return throughLayer(flowOf(step, 0), { weight, gain: number('alpha', 1), bias: scaled, shown: node.shown });
}

/** (outputs, inputs), as many inputs as the first input of the node has. `isTurned`: it is kept as (inputs, outputs). */
function weightOf(step: Step, isTurned: boolean): Constant {
  const given = constantAt(step, 1);
  const { dims } = flowOf(step, 0);
  const [rows, columns] = given.shape;
  const width = isTurned ? rows : columns;
  if (
    given.shape.length !== 2 ||
    elements(given.shape) === 0 ||
    dims.length !== 1 ||
    (dims[0] !== width && dims[0] !== -1)
  ) {
    throw modelFileInvalid(
      `has ${step.node.shown}, which multiplies rows of the shape [${dims.join(', ')}] by [${given.shape.join(', ')}]; a linear layer ` +
        'takes (rows, inputs) and a weight of as many inputs',
    );
  }
  return isTurned ? transposed(given) : given;
}

function batchNormalization(step: Step): Flow {
  const { node } = step;
  const flow = flowOf(step, 0);
  if (node.attributes.get('training_mode')?.number === 1) refuse(node);
  const epsilon = node.attributes.get('epsilon')?.number ?? 1e-5;
  // One of each for every channel, which is the first side of a row.
  const channels: number[] = flow.dims.map((side, axis) => (axis === 0 ? side : 1));
  const [scale, shift, mean, variance] = [1, 2, 3, 4].map((index) => {
    const { shape, data } = constantAt(step, index);
    if (shape.length !== 1 || data.length !== flow.dims[0]) refuse(node);
    return vectorBeside({ shape: channels, data }, flow.dims) ?? refuse(node);
  });
  const numbers = (vector: Vector): Float64Array =>
    typeof vector === 'number' ? Float64Array.of(vector) : vector;
  const gains = numbers(scale).map((each, i) => each / Math.sqrt(numbers(variance)[i] + epsilon));
  const shifts = numbers(shift).map((each, i) => each - numbers(mean)[i] * gains[i]);
  if (![...gains, ...shifts].every(Number.isFinite))
    throw modelFileInvalid(`has ${node.shown} with a variance that is not above 0`);
  return throughAffine(
    flow,
    gains.length === 1 ? { gain: gains[0], shift: shifts[0] } : { gain: gains, shift: shifts },
  );
}

function softmax(step: Step): Flow {
  const { node, opset } = step;
  const flow = flowOf(step, 0);
  const axis = node.attributes.get('axis')?.number ?? (opset < 13 ? 1 : -1);
  if (flow.dims.length !== 1 || (axis !== 1 && axis !== -1)) refuse(node);
  if (flow.curve !== null)
    throw modelFileInvalid(`has ${node.shown} of an activation; it must follow a linear layer`);
  return { ...flow, isSoftmax: true };
}

function curve(step: Step): Value {
  const { node, inputs } = step;
  const [value] = inputs;
  const number = (name: string, otherwise: number): number => {
    if (name === 'is_approximate') return node.attributes.get('approximate')?.text === 'tanh' ? 1 : 0;
    const index = name === 'max' ? 2 : 1;
    const isInput = name === 'slope' || name === 'min' || name === 'max';
    const input = isInput ? inputs[index] : undefined;
    if (input === undefined) return node.attributes.get(name)?.number ?? otherwise;
    return 'data' in input && input.data.length === 1 ? input.data[0] : refuse(node);
  };
  const operator = curveOperators[node.operator];
  if (value !== undefined && 'data' in value) {
    return { shape: value.shape, data: Float64Array.from(value.data, (x) => operator(x, number)) };
  }
  return throughCurve(flowOf(step, 0), (x) => operator(x, number), node.shown) ?? refuseCurve(node);
}

function pair(step: Step): Value {
  const { node, inputs } = step;
  const operator = pairOperators[node.operator];
  const [one, other] = inputs;
  if (inputs.length !== 2 || one === undefined || other === undefined) return refuse(node);
  if ('data' in one && 'data' in other) return combinedConstants(one, other, operator) ?? refuse(node);
  if ('linear' in one && 'linear' in other) {
    if (one.isSoftmax || other.isSoftmax || one.dims.join() !== other.dims.join()) return refuse(node);
    return throughBoth(one, other, operator, node.shown) ?? refuseBranches(node);
  }
  const isFirst = 'linear' in one;
  const place = isFirst ? 0 : 1;
  const flow = withWidth(flowOf(step, place), constantAt(step, 1 - place));
  const constant = vectorBeside(constantAt(step, 1 - place), flow.dims) ?? refuse(node);
  const map = (of: (x: number) => number): Vector =>
    typeof constant === 'number' ? of(constant) : constant.map(of);
  switch (node.operator) {
    case 'Add':
      return throughAffine(flow, { gain: 1, shift: constant });
    case 'Mul':
      return throughAffine(flow, { gain: constant, shift: 0 });
    case 'Sub':
      return isFirst
        ? throughAffine(flow, { gain: 1, shift: map((x) => -x) })
        : throughAffine(flow, { gain: -1, shift: constant });
    case 'Div':
      if (isFirst) return throughAffine(flow, { gain: map((x) => 1 / x), shift: 0 });
  }
  if (typeof constant !== 'number') return refuse(node);
  const of = (x: number): number => (isFirst ? operator(x, constant) : operator(constant, x));
  return throughCurve(flow, of, node.shown) ?? refuseCurve(node);
}

function affine(step: Step, map: { gain: number; shift: number }): Value {
  return throughAffine(flowOf(step, 0), map);
}

/** A flow of free width has that of the constant beside it. */
function withWidth(flow: Flow, { shape }: Constant): Flow {
  const width = shape.at(-1) ?? 1;
  return flow.dims.join() === '-1' && width > 1 ? { ...flow, dims: [width] } : flow;
}

function refuseCurve({ shown }: OnnxNode): never {
  throw modelFileInvalid(
    `has ${shown} where no linear layer is before it: activations follow a Gemm or MatMul`,
  );
}

function refuseBranches({ shown }: OnnxNode): never {
  throw modelFileInvalid(
    `has ${shown}, where two branches of the network meet; only layers one after another are read`,
  );
}
