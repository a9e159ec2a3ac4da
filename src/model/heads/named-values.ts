/** From the results of a value head to named values. */

/** A document: the value of the only output, or one value for each output, by name. */
export type NamedValues = { value: number } | { values: Record<string, number> };

/** One document for each sample of `results` (count, names). */
export function namedValues(results: Float32Array, names: readonly string[]): NamedValues[] {
  if (names.length === 1) return Array.from(results, (value) => ({ value }));
  return Array.from({ length: results.length / names.length }, (_, sample) => ({
    values: Object.fromEntries(names.map((name, index) => [name, results[sample * names.length + index]])),
  }));
}
