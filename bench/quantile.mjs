/** The least of the numbers that at least this part of them does not exceed; of an even count's halves, the mean. */
export function quantile(numbers, part) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const at = part * sorted.length;
  const upper = sorted[Math.min(Math.floor(at), sorted.length - 1)];
  return Number.isInteger(at) && at > 0 ? (sorted[at - 1] + upper) / 2 : upper;
}

export function median(numbers) {
  return quantile(numbers, 0.5);
}
