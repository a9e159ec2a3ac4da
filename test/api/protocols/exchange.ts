/** Requests as the protocols' clients write them, down to the bytes, and what comes back. */
import { expect } from 'vitest';

export interface Exchange {
  status: number;
  headers: Headers;
  /** The JSON, which bytes may follow; undefined: the answer has no body. */
  json: unknown;
  /** What follows the JSON. */
  bytes: Buffer;
}

const lengthHeader = 'inference-header-content-length';

/** A body of bytes gets no Content-Type by itself, as with many clients. */
export async function post(
  url: string,
  body?: object | string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<Exchange> {
  const asIs = body === undefined || typeof body === 'string' || body instanceof Uint8Array;
  return exchange(url, { method: 'POST', headers, body: asIs ? (body ?? null) : JSON.stringify(body) });
}

export async function get(url: string): Promise<Exchange> {
  return exchange(url, {});
}

async function exchange(url: string, init: RequestInit): Promise<Exchange> {
  const answer = await fetch(url, init);
  const body = Buffer.from(await answer.arrayBuffer());
  const jsonBytes = Number(answer.headers.get(lengthHeader) ?? body.length);
  const text = body.toString('utf8', 0, jsonBytes);
  return {
    status: answer.status,
    headers: answer.headers,
    json: text === '' ? undefined : (JSON.parse(text) as unknown),
    bytes: body.subarray(jsonBytes),
  };
}

/** Of tensors that follow the JSON: the body, and the header that says where they begin. */
export function framed(
  json: object | string,
  ...tensors: ArrayBufferView[]
): [body: Uint8Array<ArrayBuffer>, headers: Record<string, string>] {
  const head = Buffer.from(typeof json === 'string' ? json : JSON.stringify(json));
  const body = Buffer.concat([head, ...tensors.map(bytesOf)]);
  return [body, { [lengthHeader]: String(head.length) }];
}

export function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** The protocols' error body, its status and the code that goes with it. */
export function expectError(answer: Exchange, status: number, code: string, message: RegExp | string): void {
  expect(answer).toMatchObject({ status, json: { error: expect.any(String) as string } });
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
  expect(answer.headers.get('x-error-code')).toBe(code);
  const { error } = answer.json as { error: string };
  if (typeof message === 'string') expect(error).toBe(message);
  else expect(error).toMatch(message);
}
