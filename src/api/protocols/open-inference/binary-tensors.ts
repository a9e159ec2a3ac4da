/**
 * The binary tensor data extension, for requests and answers: JSON, whose length a header says, followed by the bytes of
 * tensors. A length of 0 means that there is no JSON: the body is the bytes of the input and nothing else.
 */
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest, FastifyReply } from 'fastify';
import { TrainyardError } from '../../../errors.js';

const headerLengthHeader = 'inference-header-content-length';

declare module 'fastify' {
  interface FastifyRequest {
    /** The bytes after the JSON; null without a body. */
    tensorBytes: Buffer | null;
  }
}

/** The meaning of a body without JSON: one input, and all outputs as bytes. */
export const rawRequest = Object.freeze({ inputs: [], parameters: { binary_data_output: true } });

/** Reads every body in this way, whatever its Content-Type. */
export function useBinaryBodies(scope: FastifyInstance): void {
  scope.decorateRequest('tensorBytes', null);
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', async (request: FastifyRequest, payload: IncomingMessage) => {
    const body = await scope.bodies.read(request, payload);
    const jsonBytes = jsonLengthOf(request, body.length);
    request.tensorBytes = body.subarray(jsonBytes);
    if (jsonBytes === 0 && body.length > 0) return rawRequest;
    return scope.parseJson(request, body.subarray(0, jsonBytes));
  });
}

/** @throws TrainyardError INVALID_REQUEST */
function jsonLengthOf({ headers }: FastifyRequest, bodyBytes: number): number {
  const text = headers[headerLengthHeader];
  if (text === undefined) return bodyBytes;
  if (typeof text !== 'string' || !/^\d{1,10}$/.test(text)) {
    throw invalid('Inference-Header-Content-Length must be the number of bytes of the JSON, or 0.');
  }
  const length = Number(text);
  if (length > bodyBytes) {
    throw invalid(`Inference-Header-Content-Length is ${length}, but the body has only ${bodyBytes} bytes.`);
  }
  return length;
}

function invalid(message: string): TrainyardError {
  return new TrainyardError('INVALID_REQUEST', message);
}

export interface OutputTensor {
  datatype: 'FP32' | 'INT64' | 'BYTES';
  shape: number[];
  /** Flat, row by row. */
  toJson(): unknown[];
  /** In the form of the binary tensor data extension. */
  toBytes(): Buffer;
}

export interface NamedTensor {
  name: string;
  /** Whether the client wants bytes. */
  binary: boolean;
  tensor: OutputTensor;
}

/** Encodes the answer and sets its headers. `head` holds the members before the outputs. */
export function encodeAnswer(
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
