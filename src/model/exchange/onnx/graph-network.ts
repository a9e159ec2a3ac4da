/**
 * Finds the multi-layer perceptron in a graph that another program has written. Each node is looked at once, in their order. A value
 * that cannot be carried is a problem only where the output needs it.
 */
import { TrainyardError } from '../../../errors.js';
import { modelFileInvalid, shownName } from '../import/model-file-invalid.js';
import { inputFlow, networkOf, type Flow, type FoundNetwork } from './flow.js';
import type { OnnxFile, OnnxInput, OnnxNode } from './onnx-file.js';
import { notCarried, refuse, widthOf, type Value } from './operator-step.js';
import { operators } from './operators.js';
import { fractions } from './shape-operators.js';
import type { Constant } from './tensor-proto.js';

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
