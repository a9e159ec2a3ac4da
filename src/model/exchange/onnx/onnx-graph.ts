/** A graph of ONNX while it is built, and its file: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto names the fields. */
import { Message } from './protobuf-writer.js';

/** Opset 17 of ai.onnx and 3 of ai.onnx.ml, which ONNX Runtime reads since 1.12 (2022). */
const opsets = { '': 17, 'ai.onnx.ml': 3 } as const;
const irVersion = 8;

/** TensorProto.DataType */
export const dataTypes = { float: 1, int64: 7, string: 8, bool: 9, double: 11 } as const;
export type DataType = keyof typeof dataTypes;

export type Attribute = number | { float: number } | number[] | string[] | DataType;

export class OnnxGraph {
  readonly #nodes: Message[] = [];
  readonly #initializers: Message[] = [];
  readonly #inputs: Message[] = [];
  readonly #outputs: Message[] = [];
  #count = 0;

  /** (rows, width); the number of rows is free. */
  input(name: string, type: DataType, width: number, description: string): string {
    this.#inputs.push(valueInfo(name, type, ['rows', width], description));
    return name;
  }

  output(name: string, type: DataType, width: number | null, of: string): void {
    this.node('Identity', [of], {}, [name]);
    this.#outputs.push(valueInfo(name, type, width === null ? ['rows'] : ['rows', width], ''));
  }

  /** Returns the name of its first output. Operators of ai.onnx.ml are named with their domain: ai.onnx.ml.LabelEncoder. */
  node(
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    outputs: readonly string[] = [this.#next()],
  ): string {
    const dot = operator.lastIndexOf('.');
    const node = new Message();
    for (const input of inputs) node.text(1, input);
    for (const output of outputs) node.text(2, output);
    node.text(4, operator.slice(dot + 1));
    for (const [name, value] of Object.entries(attributes)) node.message(5, attribute(name, value));
    if (dot > 0) node.text(7, operator.slice(0, dot));
    this.#nodes.push(node);
    return outputs[0];
  }

  /** Without a shape: one number. */
  constant(
    type: 'float' | 'double' | 'int64',
    values: readonly number[],
    shape: readonly number[] = [],
  ): string {
    const numbers =
      type === 'float'
        ? Float32Array.from(values)
        : type === 'double'
          ? Float64Array.from(values)
          : BigInt64Array.from(values.map(BigInt));
    return this.#tensor(type, shape, (tensor) => tensor.bytes(9, Buffer.from(numbers.buffer)));
  }

  /** The numbers are not copied before the file is written. */
  floats(data: Float32Array, shape: readonly number[]): string {
    return this.#tensor('float', shape, (tensor) =>
      tensor.bytes(9, Buffer.from(data.buffer, data.byteOffset, data.byteLength)),
    );
  }

  texts(values: readonly string[]): string {
    return this.#tensor('string', [values.length], (tensor) => {
      for (const value of values) tensor.text(6, value);
    });
  }

  /** The file. `metadataOf` the written graph is what programs show of a model. */
  encode(
    name: string,
    description: string,
    metadataOf: (graph: Buffer) => Readonly<Record<string, string>>,
  ): Buffer {
    const graph = new Message();
    for (const node of this.#nodes) graph.message(1, node);
    graph.text(2, name);
    for (const initializer of this.#initializers) graph.message(5, initializer);
    for (const input of this.#inputs) graph.message(11, input);
    for (const output of this.#outputs) graph.message(12, output);
    const bytes = graph.encode();
    const model = new Message()
      .integer(1, irVersion)
      .text(2, 'trainyard')
      .text(6, description)
      .bytes(7, bytes);
    for (const [domain, version] of Object.entries(opsets)) {
      model.message(8, new Message().text(1, domain).integer(2, version));
    }
    for (const [key, value] of Object.entries(metadataOf(bytes))) {
      model.message(14, new Message().text(1, key).text(2, value));
    }
    return model.encode();
  }

  #tensor(type: DataType, shape: readonly number[], fill: (tensor: Message) => void): string {
    const name = this.#next();
    const tensor = new Message();
    for (const side of shape) tensor.integer(1, side);
    tensor.integer(2, dataTypes[type]);
    fill(tensor);
    this.#initializers.push(tensor.text(8, name));
    return name;
  }

  /** Inputs and outputs have names of their own, which could be anything but this. */
  #next(): string {
    return `trainyard:${++this.#count}`;
  }
}

function valueInfo(
  name: string,
  type: DataType,
  shape: readonly (number | string)[],
  description: string,
): Message {
  const dimensions = new Message();
  for (const side of shape) {
    const dimension = typeof side === 'number' ? new Message().integer(1, side) : new Message().text(2, side);
    dimensions.message(1, dimension);
  }
  const tensorType = new Message().integer(1, dataTypes[type]).message(2, dimensions);
  return new Message().text(1, name).message(2, new Message().message(1, tensorType)).text(3, description);
}

/** AttributeProto; 20 is the field of its type. */
function attribute(name: string, value: Attribute): Message {
  const message = new Message().text(1, name);
  if (typeof value === 'string') return message.integer(3, dataTypes[value]).integer(20, 2);
  if (typeof value === 'number') return message.integer(3, value).integer(20, 2);
  if (!Array.isArray(value)) return message.float(2, value.float).integer(20, 1);
  for (const each of value) {
    if (typeof each === 'number') message.integer(8, each);
    else message.text(9, each);
  }
  return message.integer(20, typeof value[0] === 'number' ? 7 : 8);
}
