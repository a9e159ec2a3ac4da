/**
 * Finds the multi-layer perceptron in a graph that another program has written. Each node is looked at once, in their order. A value
 * that cannot be carried is a problem only where the output needs it.
 */
import { TrainyardError } from '../../../errors.js';
import { elements } from '../../network/network.js';
import { modelFileInvalid, shownName } from '../import/model-file-invalid.js';
import { combinedConstants, transposed, vectorBeside } from './constants.js';
import {
  inputFlow,
  networkOf,
  throughAffine,
  throughBoth,
  throughCurve,
  throughLayer,
  type Flow,
  type FoundNetwork,
  type Vector,
} from './flow.js';
import type { OnnxFile, OnnxInput, OnnxNode } from './onnx-file.js';
import { curveOperators, pairOperators } from './sampled-curve.js';
import type { Constant } from './tensor-proto.js';

/** `sides`: a shape that was asked of a value; 'rows' is how many rows there are. */
type Value = Flow | Constant | { sides: (number | 'rows')[] };

const carried =
  'a network of Gemm, MatMul, activations, BatchNormalization and constants beside them, with a Softmax at its end, is read';

/** Numbers that may be looked at beyond those of the file, and for each byte of it: a graph can use a tensor again and again. */
const freeWork = 2 ** 22;
const workPerByte = 2;

/**
 * `keepsScaling`: what happens to every input alike stays before the network.
 * @throws TrainyardError MODEL_FILE_INVALID
 */
export function networkOfGraph(file: OnnxFile, keepsScaling: boolean): FoundNetwork {
  const values = new GraphValues(file);
  const outputs = file.outputs.map((name) => values.attempt(name));
  const flows = outputs.filter(
    (value): value is Flow => !(value instanceof TrainyardError) && 'linear' in value,
  );
  if (flows.length > 1) {
    const names = file.outputs.filter((_, i) => flows.includes(outputs[i] as Flow)).map(shownName);
    if (!flows.every((flow) => flow.linear === flows[0].linear)) {
      throw modelFileInvalid(
        `gives ${names.slice(0, 10).join(', ')}: keep the output that is the network's, and leave out the others`,
      );
    }
  }
  // Logits and their Softmax are one answer.
  const flow = flows.find(({ isSoftmax }) => isSoftmax) ?? flows.at(0);
  if (flow === undefined) {
    throw (
      outputs.find((value) => value instanceof TrainyardError) ??
      modelFileInvalid('gives no output that depends on its inputs')
    );
  }
  if (flow.dims.length !== 1) {
    throw modelFileInvalid(
      `gives rows of the shape [${flow.dims.join(', ')}]; the outputs of a network are (rows, outputs)`,
    );
  }
  return networkOf(flow, keepsScaling);
}

class GraphValues {
  /** A problem is thrown where its value is used. */
  readonly #values = new Map<string, Value | TrainyardError>();
  readonly #initializers: OnnxFile['initializers'];
  readonly #opset: number;
  readonly #isOneRow: boolean;
  #work: number;

  constructor({ nodes, initializers, inputs, opsets, graphBytes }: OnnxFile) {
    this.#initializers = initializers;
    this.#opset = opsets.get('') ?? 1;
    this.#work = freeWork + workPerByte * graphBytes.length;
    this.#isOneRow = inputs.at(0)?.shape[0] === 1;
    for (const input of inputs) {
      this.#values.set(
        input.name,
        attempted(() => flowOfInput(input, inputs)),
      );
    }
    for (const node of nodes) {
      const first = node.outputs.at(0);
      const value = attempted(() => this.#valueOf(node));
      if (first !== undefined) this.#values.set(first, value);
      for (const other of node.outputs.slice(1)) {
        this.#values.set(other, modelFileInvalid(`uses an output of ${node.shown} beyond its first`));
      }
    }
  }

  attempt(name: string): Value | TrainyardError {
    return attempted(() => this.#get(name));
  }

  #get(name: string): Value {
    const value = this.#values.get(name) ?? attempted(() => this.#initializer(name));
    this.#values.set(name, value);
    if (value instanceof TrainyardError) throw value;
    return value;
  }

  #initializer(name: string): Constant {
    const tensor = this.#initializers.get(name);
    if (tensor === undefined)
      throw modelFileInvalid(`uses ${shownName(name)}, which nothing before it gives`);
    const constant = tensor.read();
    this.#spend(constant.data.length);
    return constant;
  }

  #spend(numbers: number): void {
    this.#work -= numbers;
    if (!(this.#work >= 0))
      throw modelFileInvalid('computes with its constants more than a network of its size does');
  }

  #valueOf(node: OnnxNode): Value {
    const { operator, inputs } = node;
    if (operator === 'Constant') return constantOf(node);
    if (!Object.hasOwn(operators, operator)) throw notCarried(node);
    const taken = inputs.map((name) => (name === '' ? undefined : this.#get(name)));
    for (const value of taken) this.#spend(sizeOf(value));
    return operators[operator]({ node, inputs: taken, opset: this.#opset, isOneRow: this.#isOneRow });
  }
}

interface Step {
  node: OnnxNode;
  /** undefined: it was left out. */
  inputs: (Value | undefined)[];
  opset: number;
  /** Whether the graph takes one row at a time. */
  isOneRow: boolean;
}

type Operator = (step: Step) => Value;

const operators: Readonly<Record<string, Operator>> = {
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

function unchanged({ node, inputs }: Step): Value {
  return inputs[0] ?? refuse(node);
}

/** TensorProto.DataType of the numbers with a fraction. */
const fractions = [1, 10, 11, 16];

function cast({ node, inputs: [value] }: Step): Value {
  if (value === undefined) return refuse(node);
  const isFlow = 'linear' in value;
  if (isFlow && !fractions.includes(node.attributes.get('to')?.number ?? 0)) refuse(node);
  return value;
}

function flatten(step: Step): Flow {
  const flow = flowOf(step, 0);
  if ((step.node.attributes.get('axis')?.number ?? 1) !== 1) refuse(step.node);
  return { ...flow, dims: [widthOf(flow.dims)] };
}

function reshape(step: Step): Value {
  const { node, inputs, isOneRow } = step;
  const [value, wanted] = inputs;
  if (value === undefined || wanted === undefined || 'linear' in wanted) return refuse(node);
  const sides = 'sides' in wanted ? wanted.sides : Array.from(wanted.data);
  if ('data' in value)
    return { ...value, shape: resolved(sides, value.shape, elements(value.shape)) ?? refuse(node) };
  const { dims } = flowOf(step, 0);
  const [rows, ...own] = sides;
  const keepsRows = rows === 'rows' || rows === -1 || rows === 0 || (rows === 1 && isOneRow);
  const wantedDims = keepsRows ? resolved(own, dims, widthOf(dims)) : null;
  return { ...flowOf(step, 0), dims: wantedDims ?? refuse(node) };
}

/** The sides with the free one, -1, filled in, and with 0 as the side that was there. null: they do not fit. */
function resolved(
  sides: readonly (number | 'rows')[],
  before: readonly number[],
  size: number,
): number[] | null {
  const known = sides.map((side, axis) =>
    side === 0 ? (before[axis] ?? NaN) : side === 'rows' ? NaN : side,
  );
  const rest = size / known.reduce((product, side) => (side === -1 ? product : product * side), 1);
  const whole = known.map((side) => (side === -1 ? rest : side));
  const fits = whole.every((side) => Number.isSafeInteger(side) && side > 0) && elements(whole) === size;
  return fits && sides.length <= 8 ? whole : null;
}

function transpose(step: Step): Value {
  const { node, inputs } = step;
  const order = node.attributes.get('perm')?.numbers ?? [];
  const [value] = inputs;
  if (value === undefined || 'sides' in value || 'linear' in value || value.shape.length !== 2)
    return refuse(node);
  return order.join() === '0,1' ? value : transposed(value);
}

function shape(step: Step): Value {
  const { attributes } = step.node;
  const [start, end] = [attributes.get('start')?.number, attributes.get('end')?.number];
  return { sides: ['rows' as const, ...flowOf(step, 0).dims].slice(start, end) };
}

function gather({ node, inputs: [from, indices] }: Step): Value {
  if (!isSides(from) || indices === undefined || !('data' in indices)) return refuse(node);
  const sides = Array.from(indices.data, (index) => from.sides.at(index) ?? refuse(node));
  return { sides };
}

function concat({ node, inputs }: Step): Value {
  const sides = inputs.flatMap((value) => {
    if (isSides(value)) return value.sides;
    return value !== undefined && 'data' in value && value.data.length <= 8
      ? Array.from(value.data)
      : refuse(node);
  });
  return { sides };
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

function flowOf({ node, inputs }: Step, index: number): Flow {
  const value = inputs.at(index);
  if (value === undefined || !('linear' in value)) return refuse(node);
  if (value.isSoftmax)
    throw modelFileInvalid(`has ${node.shown} after a Softmax; a Softmax must be at the end`);
  return value;
}

function constantAt({ node, inputs }: Step, index: number): Constant {
  const value = inputs.at(index);
  if (value !== undefined && 'data' in value) return value;
  throw modelFileInvalid(`has ${node.shown} of two values that depend on the inputs, or of none; ${carried}`);
}

function vectorOf(step: Step, index: number, dims: readonly number[]): Vector {
  return vectorBeside(constantAt(step, index), dims) ?? refuse(step.node);
}

function isSides(value: Value | undefined): value is { sides: (number | 'rows')[] } {
  return value !== undefined && 'sides' in value;
}

function widthOf(dims: readonly number[]): number {
  return dims.includes(-1) ? -1 : elements(dims);
}

/** About how many numbers an operator looks at. */
function sizeOf(value: Value | undefined): number {
  if (value === undefined) return 0;
  if ('data' in value) return value.data.length;
  return 'sides' in value ? value.sides.length : 128 + Math.abs(widthOf(value.dims));
}

function flowOfInput({ name, type, shape }: OnnxInput, inputs: readonly OnnxInput[]): Flow {
  if (inputs.length > 1) {
    const names = inputs.slice(0, 10).map((input) => shownName(input.name));
    throw modelFileInvalid(
      `takes ${inputs.length} inputs (${names.join(', ')}); a network takes one, (rows, numbers), and the description says what its columns are`,
    );
  }
  const [, ...dims] = shape.map((side) => side ?? -1);
  const free = dims.filter((side) => side === -1).length;
  if (
    !fractions.includes(type) ||
    dims.length === 0 ||
    dims.length > 7 ||
    free > (dims.length === 1 ? 1 : 0) ||
    !dims.every((side) => side === -1 || (side > 0 && side < 2 ** 31))
  ) {
    throw modelFileInvalid(`takes ${shownName(name)}, which is not (rows, numbers) of float`);
  }
  if (widthOf(dims) > 2 ** 26) throw modelFileInvalid(`takes rows of ${widthOf(dims)} numbers`);
  return inputFlow(dims);
}

function constantOf(node: OnnxNode): Constant {
  const { tensor, number } = {
    ...node.attributes.get('value'),
    ...node.attributes.get('value_float'),
    ...node.attributes.get('value_int'),
  };
  if (tensor !== undefined) return tensor.read();
  if (number !== undefined && Number.isFinite(number)) return { shape: [], data: Float64Array.of(number) };
  const numbers = node.attributes.get('value_floats')?.numbers ?? node.attributes.get('value_ints')?.numbers;
  return numbers ? { shape: [numbers.length], data: Float64Array.from(numbers) } : refuse(node);
}

function attempted<T>(work: () => T): T | TrainyardError {
  try {
    return work();
  } catch (error) {
    if (error instanceof TrainyardError) return error;
    throw error;
  }
}

function notCarried({ shown }: OnnxNode): TrainyardError {
  return modelFileInvalid(`has ${shown}, which is not carried: ${carried}`);
}

function refuse(node: OnnxNode): never {
  throw notCarried(node);
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
