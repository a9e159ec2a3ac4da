/** What a file of ONNX holds, as far as a network needs it: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto names the fields. */
import { modelFileInvalid, shownName } from '../import/model-file-invalid.js';
import { ProtobufReader, type FieldHandlers } from './protobuf-reader.js';
import { TensorProto } from './tensor-proto.js';

export interface OnnxFile {
  /** The graph as it is written. */
  graphBytes: Buffer;
  nodes: OnnxNode[];
  /** By name. */
  initializers: Map<string, TensorProto>;
  /** What is given to the graph, without its initializers, which old files name here too. */
  inputs: OnnxInput[];
  outputs: string[];
  /** By the domain: '' is that of ONNX itself. */
  opsets: Map<string, number>;
  metadata: Map<string, string>;
}

export interface OnnxNode {
  /** As messages call it. */
  shown: string;
  /** With its domain, where that is not that of ONNX: ai.onnx.ml.LabelEncoder. */
  operator: string;
  inputs: string[];
  outputs: string[];
  attributes: Map<string, OnnxAttribute>;
}

export interface OnnxAttribute {
  number?: number;
  numbers: number[];
  text?: string;
  tensor?: TensorProto;
}

export interface OnnxInput {
  name: string;
  /** TensorProto.DataType */
  type: number;
  /** null: the side is free, or has a name. */
  shape: (number | null)[];
}

const mostNodes = 20_000;

/** @throws TrainyardError MODEL_FILE_INVALID */
export function readOnnxFile(file: Buffer): OnnxFile {
  const reader = new ProtobufReader();
  const opsets = new Map<string, number>();
  const metadata = new Map<string, string>();
  let graphBytes: Buffer | undefined;
  reader.read(file, {
    7: ({ bytes }) => (graphBytes = bytes),
    8: ({ bytes }) => {
      let [domain, version] = ['', 0];
      reader.read(bytes, {
        1: (field) => (domain = domainOf(field.bytes)),
        2: ({ integer }) => (version = integer),
      });
      opsets.set(domain, version);
    },
    14: ({ bytes }) => {
      let [key, value] = ['', ''];
      reader.read(bytes, {
        1: (field) => (key = textOf(field.bytes)),
        2: (field) => (value = textOf(field.bytes)),
      });
      metadata.set(key, value);
    },
  });
  if (graphBytes === undefined) throw modelFileInvalid('is no ONNX model: it has no graph');
  return { graphBytes, ...readGraph(reader, graphBytes), opsets, metadata };
}

function readGraph(
  reader: ProtobufReader,
  graph: Buffer,
): Pick<OnnxFile, 'nodes' | 'initializers' | 'inputs' | 'outputs'> {
  const nodes: OnnxNode[] = [];
  const initializers = new Map<string, TensorProto>();
  const inputs: OnnxInput[] = [];
  const outputs: string[] = [];
  reader.read(graph, {
    1: ({ bytes }) => {
      if (nodes.length === mostNodes) throw modelFileInvalid(`has more than ${mostNodes} nodes`);
      nodes.push(readNode(reader, bytes, nodes.length));
    },
    5: ({ bytes }) => {
      const tensor = new TensorProto(reader, bytes);
      initializers.set(tensor.name, tensor);
    },
    11: ({ bytes }) => inputs.push(readInput(reader, bytes)),
    12: ({ bytes }) => outputs.push(readInput(reader, bytes).name),
    15: () => {
      throw modelFileInvalid('has sparse initializers: store the weights as dense tensors');
    },
  });
  return { nodes, initializers, inputs: inputs.filter(({ name }) => !initializers.has(name)), outputs };
}

function readNode(reader: ProtobufReader, node: Buffer, index: number): OnnxNode {
  const [inputs, outputs]: string[][] = [[], []];
  const attributes = new Map<string, OnnxAttribute>();
  let [name, operator, domain] = ['', '', ''];
  reader.read(node, {
    1: ({ bytes }) => inputs.push(textOf(bytes)),
    2: ({ bytes }) => outputs.push(textOf(bytes)),
    3: ({ bytes }) => (name = textOf(bytes)),
    4: ({ bytes }) => (operator = textOf(bytes)),
    5: ({ bytes }) => attributes.set(...readAttribute(reader, bytes)),
    7: ({ bytes }) => (domain = domainOf(bytes)),
  });
  const full = domain === '' ? operator : `${domain}.${operator}`;
  const kind = shownName(full).slice(1, -1);
  // A node need not have a name; its output has one.
  const called = name === '' ? (outputs[0] ?? `number ${index + 1}`) : name;
  return { shown: `the node ${shownName(called)} (${kind})`, operator: full, inputs, outputs, attributes };
}

function readAttribute(reader: ProtobufReader, message: Buffer): [string, OnnxAttribute] {
  const attribute: OnnxAttribute = { numbers: [] };
  let name = '';
  reader.read(message, {
    1: ({ bytes }) => (name = textOf(bytes)),
    2: ({ bytes }) => (attribute.number = floatOf(bytes)),
    3: ({ integer }) => (attribute.number = integer),
    4: ({ bytes }) => (attribute.text = textOf(bytes)),
    5: ({ bytes }) => (attribute.tensor = new TensorProto(reader, bytes)),
    7: ({ bytes }) => {
      for (let at = 0; at + 4 <= bytes.length; at += 4) attribute.numbers.push(bytes.readFloatLE(at));
    },
    8: ({ integer, bytes }) => {
      if (Number.isNaN(integer)) for (const each of reader.integers(bytes)) attribute.numbers.push(each);
      else attribute.numbers.push(integer);
    },
  });
  return [name, attribute];
}

function readInput(reader: ProtobufReader, message: Buffer): OnnxInput {
  const input: OnnxInput = { name: '', type: 0, shape: [] };
  const dimension: FieldHandlers = {
    1: ({ bytes }) => {
      let side: number | null = null;
      reader.read(bytes, { 1: ({ integer }) => (side = integer) });
      input.shape.push(side);
    },
  };
  const tensor: FieldHandlers = {
    1: ({ integer }) => (input.type = integer),
    2: ({ bytes }) => reader.read(bytes, dimension),
  };
  reader.read(message, {
    1: ({ bytes }) => (input.name = textOf(bytes)),
    2: ({ bytes }) => reader.read(bytes, { 1: (field) => reader.read(field.bytes, tensor) }),
  });
  return input;
}

function textOf(bytes: Buffer): string {
  return bytes.toString('utf8');
}

function domainOf(bytes: Buffer): string {
  const domain = textOf(bytes);
  return domain === 'ai.onnx' ? '' : domain;
}

function floatOf(bytes: Buffer): number {
  return bytes.length === 4 ? bytes.readFloatLE() : NaN;
}
