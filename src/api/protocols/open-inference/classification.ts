/**
 * The classification extension: instead of probabilities, the likeliest classes as text, `value:index:label`.
 * https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_classification.md
 */
import { rankClasses } from '../../../model/class-ranking.js';
import type { OutputTensor } from './answer.js';

/** BYTES (count, most), or of all classes where there are fewer. `probabilities` (count, classes) */
export function classificationTensor(
  probabilities: Float32Array,
  labels: readonly string[],
  most: number,
): OutputTensor {
  const classes = labels.length;
  const count = probabilities.length / classes;
  const texts = Array.from({ length: count }, (_, sample) => {
    const row = probabilities.subarray(sample * classes, (sample + 1) * classes);
    return rankClasses(row, labels, most).map(
      ({ confidence, index, label }) => `${confidence}:${index}:${label}`,
    );
  }).flat();
  return {
    datatype: 'BYTES',
    shape: [count, texts.length / count],
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
