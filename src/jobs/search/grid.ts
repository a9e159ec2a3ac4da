/** A grid: each combination of the values, once. */
import { fillWords } from '../../lib/philox.js';
import { gridValues, type Parameters, type Space } from './space.js';

/**
 * The combination of a trial, counted from 1; null after the last one. The order is shuffled by the seed, so that the first
 * trials are spread over the whole grid.
 */
export function gridCell(space: Space, seed: number, trial: number): Parameters | null {
  const axes = Object.entries(space).map(([path, parameter]) => ({ path, values: gridValues(parameter) }));
  const cells = axes.reduce((product, { values }) => product * values.length, 1);
  if (trial > cells) return null;
  let cell = shuffled(cells, seed)[trial - 1];
  const parameters: Parameters = {};
  for (const { path, values } of axes) {
    parameters[path] = values[cell % values.length];
    cell = Math.floor(cell / values.length);
  }
  return parameters;
}

/** (count) A permutation, by the seed. */
function shuffled(count: number, seed: number): Uint32Array {
  const words = new Uint32Array(count);
  fillWords({ seed, purpose: 'search', part: 1, step: 0 }, 0, words);
  return Uint32Array.from({ length: count }, (_, cell) => cell).sort((a, b) => words[a] - words[b] || a - b);
}
