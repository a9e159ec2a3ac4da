/** What an operator of a graph is given, and what it may be. What does not fit is refused. */
import type { TrainyardError } from '../../../errors.js';
import { elements } from '../../network/network.js';
import { modelFileInvalid } from '../import/model-file-invalid.js';
import { vectorBeside } from './constants.js';
import type { Flow, Vector } from './flow.js';
import type { OnnxNode } from './onnx-file.js';
import type { Constant } from './tensor-proto.js';

/** `sides`: a shape that was asked of a value; 'rows' is how many rows there are. */
export type Value = Flow | Constant | { sides: (number | 'rows')[] };

export interface Step {
  node: OnnxNode;
  /** undefined: it was left out. */
  inputs: (Value | undefined)[];
  opset: number;
  /** Whether the graph takes one row at a time. */
  isOneRow: boolean;
}

export type Operator = (step: Step) => Value;

const carried =
  'a network of Gemm, MatMul, activations, BatchNormalization and constants beside them, with a Softmax at its end, is read';

export function flowOf({ node, inputs }: Step, index: number): Flow {
  const value = inputs.at(index);
  if (value === undefined || !('linear' in value)) return refuse(node);
  if (value.isSoftmax)
    throw modelFileInvalid(`has ${node.shown} after a Softmax; a Softmax must be at the end`);
  return value;
}

export function constantAt({ node, inputs }: Step, index: number): Constant {
  const value = inputs.at(index);
  if (value !== undefined && 'data' in value) return value;
  throw modelFileInvalid(`has ${node.shown} of two values that depend on the inputs, or of none; ${carried}`);
}

export function vectorOf(step: Step, index: number, dims: readonly number[]): Vector {
  return vectorBeside(constantAt(step, index), dims) ?? refuse(step.node);
}

export function isSides(value: Value | undefined): value is { sides: (number | 'rows')[] } {
  return value !== undefined && 'sides' in value;
}

export function widthOf(dims: readonly number[]): number {
  return dims.includes(-1) ? -1 : elements(dims);
}

export function notCarried({ shown }: OnnxNode): TrainyardError {
  return modelFileInvalid(`has ${shown}, which is not carried: ${carried}`);
}

export function refuse(node: OnnxNode): never {
  throw notCarried(node);
}
