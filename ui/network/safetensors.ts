/** Reads the service's model files in the browser: https://github.com/huggingface/safetensors#format, float32 only. */

export interface Tensor {
  shape: number[];
  /** Row-major over `shape`. */
  data: Float32Array;
}

export interface Safetensors {
  metadata: Record<string, string>;
  tensors: Map<string, Tensor>;
}

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

/** @throws Error when this is no such file */
export function readSafetensors(file: ArrayBuffer): Safetensors {
  const headerBytes = Number(new DataView(file).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(file, 8, headerBytes))) as Record<
    string,
    unknown
  >;
  const { __metadata__: metadata = {}, ...entries } = header;
  const start = 8 + headerBytes;
  const tensors = Object.entries(entries as Record<string, Entry>).map(([name, entry]): [string, Tensor] => {
    if (entry.dtype !== 'F32') throw new Error(`${name} is not of type F32.`);
    const [from, to] = entry.data_offsets;
    return [name, { shape: entry.shape, data: new Float32Array(file.slice(start + from, start + to)) }];
  });
  return { metadata: metadata as Record<string, string>, tensors: new Map(tensors) };
}
