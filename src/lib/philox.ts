/**
 * The only source of random numbers: Philox4x32-10, a counter-based generator, and the addresses of its numbers. Every number
 * is a pure function of (seed, purpose, part, step, element) and never of the numbers drawn before it. A resumed run, any
 * number of threads and every engine therefore draw the same numbers. Not for secrets.
 *
 * J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11.
 */

/** What a number is drawn for. Codes never change and are never reused, since runs depend on them. */
const purposes = Object.freeze({
  initialization: 1,
  shuffle: 2,
  dropout: 3,
  validation: 4,
  split: 5,
  augmentation: 9,
  evaluation: 10,
  ensemble: 11,
  points: 12,
  search: 13,
});

export interface RandomStream {
  /** An integer from 0 to 2^53 − 1. */
  seed: number;
  purpose: keyof typeof purposes;
  /** Which tensor or layer, below 2^24; 0 where there is only one. */
  part: number;
  /** Step or epoch, below 2^32. */
  step: number;
}

const rounds = 10;

/** The last word of a stream's counters: the purpose and the part. */
export function streamWord({ purpose, part }: Pick<RandomStream, 'purpose' | 'part'>): number {
  return purposes[purpose] * 2 ** 24 + part;
}

/** One block: counter (4 words), key (2 words) → out (4 words). */
export function philox4x32(counter: Uint32Array, key: Uint32Array, out: Uint32Array): void {
  let c0 = counter[0];
  let c1 = counter[1];
  let c2 = counter[2];
  let c3 = counter[3];
  let k0 = key[0];
  let k1 = key[1];
  for (let round = 0; round < rounds; round++) {
    const high0 = multiplyHigh(0xd2511f53, c0);
    const low0 = Math.imul(0xd2511f53, c0);
    const high1 = multiplyHigh(0xcd9e8d57, c2);
    const low1 = Math.imul(0xcd9e8d57, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + 0x9e3779b9) | 0;
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** The upper word of the 64-bit product of two words, by halves: every intermediate value stays below 2^32. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = aLow * bHigh + (middle & 0xffff);
  return aHigh * bHigh + (middle >>> 16) + (carry >>> 16);
}

/** Elements `first` … of the stream into `out`: element e is word e mod 4 of block ⌊e / 4⌋. */
export function fillWords(stream: RandomStream, first: number, out: Uint32Array): void {
  // A Uint32Array keeps the integer part modulo 2^32 of what is stored: x is its lower word, x / 2^32 its upper one.
  const key = Uint32Array.of(stream.seed, stream.seed / 2 ** 32);
  const counter = Uint32Array.of(0, 0, stream.step, streamWord(stream));
  const words = new Uint32Array(4);
  for (let filled = 0; filled < out.length;) {
    const element = first + filled;
    const block = Math.floor(element / 4);
    counter[0] = block;
    counter[1] = block / 2 ** 32;
    philox4x32(counter, key, words);
    for (let lane = element % 4; lane < 4 && filled < out.length; lane++) out[filled++] = words[lane];
  }
}

/** Elements `first` … of the stream as uniform numbers in [0, 1): the upper 24 bits, all that a float32 holds. */
export function fillUniform(stream: RandomStream, first: number, out: Float32Array): void {
  const words = new Uint32Array(out.buffer, out.byteOffset, out.length);
  fillWords(stream, first, words);
  for (let i = 0; i < out.length; i++) out[i] = (words[i] >>> 8) * 2 ** -24;
}
