/** Dropout by Philox4x32-10: the factors of network/dropout.ts, bit for bit. One block is a vector of four units. */
import { streamWord } from '../../../../lib/philox.js';
import { dropoutScale, dropoutThreshold } from '../../../network/dropout.js';
import type { LayerLayout } from '../layout.js';
import { f32, u32 } from './literals.js';

/** `dropoutFactors(row, vector, step)`: of four units of the batch's sample `row`. */
export function dropoutFactors({ index, dropout, outputVectors }: LayerLayout, seed: number): string {
  return `
fn productHigh(a: u32, b: u32) -> u32 {
  let low = (a & 0xffffu) * (b & 0xffffu);
  let middle = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
  let carry = (a & 0xffffu) * (b >> 16u) + (middle & 0xffffu);
  return (a >> 16u) * (b >> 16u) + (middle >> 16u) + (carry >> 16u);
}

fn dropoutFactors(row: u32, vector: u32, step: u32) -> vec4f {
  var counter = vec4u(row * ${u32(outputVectors)} + vector, 0u, step, ${u32(streamWord({ purpose: 'dropout', part: index }))});
  var key = vec2u(${u32(seed % 2 ** 32)}, ${u32(Math.floor(seed / 2 ** 32))});
  for (var round = 0u; round < 10u; round++) {
    counter = vec4u(
      productHigh(0xcd9e8d57u, counter.z) ^ counter.y ^ key.x,
      0xcd9e8d57u * counter.z,
      productHigh(0xd2511f53u, counter.x) ^ counter.w ^ key.y,
      0xd2511f53u * counter.x,
    );
    key += vec2u(0x9e3779b9u, 0xbb67ae85u);
  }
  return select(vec4f(0), vec4f(${f32(dropoutScale(dropout))}), (counter >> vec4u(8u)) >= vec4u(${u32(dropoutThreshold(dropout))}));
}
`;
}
