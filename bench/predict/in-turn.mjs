/** What is compared takes turns, so that what else the machine does strikes all of it. */
import { median } from '../quantile.mjs';

/** By contender what `run` gave in each round. */
export async function inTurn(contenders, rounds, run) {
  const results = new Map(contenders.map((contender) => [contender, []]));
  for (let round = 0; round < rounds; round++) {
    for (const contender of contenders) results.get(contender).push(await run(contender));
  }
  return results;
}

/** The median of the rounds' ratios of one figure. */
export function ratioOf(results, others, key) {
  return median(results.map((one, round) => one[key] / others[round][key]));
}

export function medianOf(results, key) {
  return median(results.map((one) => one[key]));
}

export function inPercentiles(results) {
  return `p50 ${medianOf(results, 'p50').toFixed(2)} ms, p99 ${medianOf(results, 'p99').toFixed(2)} ms`;
}
