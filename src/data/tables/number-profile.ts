/** What is said of the numbers of a column: moments of all values, quantiles and histogram of all or of many. */
import type { NumberProfile } from '../table-schema.js';

const profileQuantiles = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99];

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
   * Values of which the finite ones count; each has a hash of its row. Returns how many are not finite.
   * Means are merged as in T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating formulae and a pairwise algorithm for
   * computing sample variances", 1979. Within one call the deviations are from its first value.
   */
  add(values: Float64Array, rowHashes: Uint32Array): number {
    const sample = this.#sample;
    let count = 0;
    let first = 0;
    let sum = 0;
    let squares = 0;
    let [min, max, integers] = [this.#min, this.#max, this.#integers];
    for (let row = 0; row < values.length; row++) {
      const value = values[row];
      if (!(value < Infinity && value > -Infinity)) continue;
      if (count === 0) first = value;
      count++;
      const deviation = value - first;
      sum += deviation;
      squares += deviation * deviation;
      if (value < min) min = value;
      if (value > max) max = value;
      if (integers && Math.trunc(value) !== value) integers = false;
      if (rowHashes[row] < sample.limit) sample.add(value, rowHashes[row]);
    }
    [this.#min, this.#max, this.#integers] = [min, max, integers];
    if (count > 0) this.#merge(count, first + sum / count, Math.max(0, squares - (sum * sum) / count));
    return values.length - count;
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
  limit = 2 ** 32;

  /** Of a row whose hash is below the limit. */
  add(value: number, rowHash: number): void {
    if (this.#count === this.#values.length) this.#makeRoom();
    if (rowHash >= this.limit) return;
    this.#values[this.#count] = value;
    this.#hashes[this.#count] = rowHash;
    this.#count++;
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
      this.limit /= 2;
      let kept = 0;
      for (let each = 0; each < this.#count; each++) {
        if (this.#hashes[each] >= this.limit) continue;
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
