/** The answer to an inference: JSON, and after it the bytes of those tensors that are wanted as bytes. */
import type { FastifyReply } from 'fastify';
import { headerLengthHeader } from './binary-body.js';

export interface OutputTensor {
  datatype: 'FP32' | 'INT64' | 'BYTES';
  shape: number[];
  /** Flat, row by row. */
  toJson(): unknown[];
  /** As the binary tensor data extension has it. */
  toBytes(): Buffer;
}

export interface NamedTensor {
  name: string;
  /** Whether it is wanted as bytes. */
  binary: boolean;
  tensor: OutputTensor;
}

/** What is to be sent; the headers that go with it are set. `head` comes before the outputs. */
export function answerWith(
  reply: FastifyReply,
  head: object,
  named: readonly NamedTensor[],
): string | Buffer {
  const bytes: Buffer[] = [];
  const outputs = named.map(({ name, binary, tensor }) => {
    const { datatype, shape } = tensor;
    if (!binary) return { name, datatype, shape, data: tensor.toJson() };
    const own = tensor.toBytes();
    bytes.push(own);
    return { name, datatype, shape, parameters: { binary_data_size: own.length } };
  });
  const json = JSON.stringify({ ...head, outputs });
  if (bytes.length === 0) {
    reply.type('application/json');
    return json;
  }
  const jsonBytes = Buffer.from(json);
  reply.type('application/octet-stream').header(headerLengthHeader, jsonBytes.length);
  return Buffer.concat([jsonBytes, ...bytes]);
}
