/**
 * The classification extension: instead of probabilities, the likeliest classes as text, `value:index:label`.
 * https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_classification.md
 */
import { classRows, rankClasses } from '../../../model/heads/class-ranking.js';
import type { OutputTensor } from './answer.js';

/** BYTES (count, most), or of all classes where there are fewer. `probabilities` (count, classes) */
export function classificationTensor(
  probabilities: Float32Array,
  labels: readonly string[],
  most: number,
): OutputTensor {
  const rows = classRows(probabilities, labels.length);
  const texts = rows.flatMap((row) =>
    rankClasses(row, labels, most).map(({ confidence, index, label }) => `${confidence}:${index}:${label}`),
  );
  return {
    datatype: 'BYTES',
    shape: [rows.length, texts.length / rows.length],
    toJson: () => texts,
    toBytes: () => Buffer.concat(texts.flatMap(lengthAndText)),
  };
}

/** As an element of the type BYTES is laid out: its length (u32, little-endian) and its bytes. */
function lengthAndText(text: string): Buffer[] {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(Buffer.byteLength(text));
  return [length, Buffer.from(text)];
}
