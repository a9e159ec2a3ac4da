/** What is said of the numbers of a column: moments of all values, quantiles and histogram of all or of many. */
import type { NumberProfile } from '../table-schema.js';

export const profileQuantiles = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99];

const bins = 20;

/** Up to so many values are kept as they are; of more, so many or half are kept, chosen by their rows at random. */
const mostKept = 2 ** 14;

export class NumberProfiler {
  #count = 0;
  #min = Infinity;
  #max = -Infinity;
  #mean = 0;
  /** The sum of squared deviations from the mean. */
  #squares = 0;
  #integers = true;
  readonly #sample = new RowSample();

  /**
   * Values that are finite or NaN, which is skipped. Each has a hash of its row.
   * Means are merged as in T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating formulae and a pairwise algorithm for
   * computing sample variances", 1979: no digits cancel.
   */
  add(values: Float64Array, rowHashes: Uint32Array): void {
    let count = 0;
    let sum = 0;
    for (const value of values) {
      if (Number.isNaN(value)) continue;
      count++;
      sum += value;
      if (value < this.#min) this.#min = value;
      if (value > this.#max) this.#max = value;
      if (this.#integers && !Number.isInteger(value)) this.#integers = false;
    }
    if (count === 0) return;
    const mean = sum / count;
    let squares = 0;
    for (const value of values) if (!Number.isNaN(value)) squares += (value - mean) ** 2;
    this.#merge(count, mean, squares);
    this.#sample.add(values, rowHashes);
  }

  /** null: there was no value. */
  profile(): NumberProfile | null {
    if (this.#count === 0) return null;
    const sorted = this.#sample.values().sort();
    return {
      min: this.#min,
      max: this.#max,
      // The squares of the largest doubles are not finite.
      mean: finite(this.#mean),
      std: finite(Math.sqrt(this.#squares / this.#count)),
      quantiles: profileQuantiles.map((quantile) => quantileOf(sorted, quantile)),
      histogram: this.#histogram(sorted),
      integers: this.#integers,
      sampled: sorted.length < this.#count ? sorted.length : null,
    };
  }

  #merge(count: number, mean: number, squares: number): void {
    const total = this.#count + count;
    const delta = mean - this.#mean;
    this.#mean += (delta * count) / total;
    this.#squares += squares + (delta * delta * this.#count * count) / total;
    this.#count = total;
  }

  #histogram(values: Float64Array): number[] {
    const counts = new Array<number>(bins).fill(0);
    const width = this.#max / bins - this.#min / bins;
    for (const value of values) {
      const bin = width > 0 ? Math.floor(value / width - this.#min / width) : 0;
      counts[Math.min(bins - 1, bin)]++;
    }
    return counts;
  }
}

/** The values of rows whose hash is below a limit, which halves when there are too many. It depends on no order. */
class RowSample {
  #values = new Float64Array(256);
  #hashes = new Uint32Array(256);
  #count = 0;
  #limit = 2 ** 32;

  add(values: Float64Array, rowHashes: Uint32Array): void {
    for (let row = 0; row < values.length; row++) {
      if (rowHashes[row] >= this.#limit || Number.isNaN(values[row])) continue;
      if (this.#count === this.#values.length) this.#makeRoom();
      if (rowHashes[row] >= this.#limit) continue;
      this.#values[this.#count] = values[row];
      this.#hashes[this.#count] = rowHashes[row];
      this.#count++;
    }
  }

  values(): Float64Array {
    return this.#values.slice(0, this.#count);
  }

  #makeRoom(): void {
    if (this.#count < mostKept) {
      const [values, hashes] = [this.#values, this.#hashes];
      this.#values = new Float64Array(this.#count * 2);
      this.#hashes = new Uint32Array(this.#count * 2);
      this.#values.set(values);
      this.#hashes.set(hashes);
      return;
    }
    while (this.#count === this.#values.length) {
      this.#limit /= 2;
      let kept = 0;
      for (let each = 0; each < this.#count; each++) {
        if (this.#hashes[each] >= this.#limit) continue;
        this.#values[kept] = this.#values[each];
        this.#hashes[kept] = this.#hashes[each];
        kept++;
      }
      this.#count = kept;
    }
  }
}

/** Between the two nearest values, as numpy does. */
function quantileOf(sorted: Float64Array, quantile: number): number {
  const position = quantile * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  const share = position - below;
  return sorted[below] * (1 - share) + sorted[above] * share;
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : Math.sign(value || 1) * Number.MAX_VALUE;
}
