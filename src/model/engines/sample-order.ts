/** Which samples each step trains on, epoch after epoch. */
import { batchAt, epochOrder, stepsPerEpoch } from '../network/batch-plan.js';

/** Some batches: how many samples each has, and all of them one after the other. */
export interface BatchesOfSamples {
  sizes: Uint32Array;
  samples: Uint32Array;
}

export class SampleOrder {
  readonly #seed: number;
  readonly #count: number;
  readonly #batchSize: number;
  /** Of the epochs used last. */
  readonly #orders = new Map<number, Uint32Array>();

  /** Of `count` samples in batches of `batchSize`. */
  constructor({ seed, batchSize }: { seed: number; batchSize: number }, count: number) {
    this.#seed = seed;
    this.#count = count;
    this.#batchSize = batchSize;
  }

  /** Of the steps from `first` on. */
  ofSteps(first: number, steps: number): BatchesOfSamples {
    const batches = Array.from({ length: steps }, (_, i) => batchAt(first + i, this.#count, this.#batchSize));
    const sizes = Uint32Array.from(batches, ({ size }) => size);
    const samples = new Uint32Array(sizes.reduce((sum, size) => sum + size, 0));
    let filled = 0;
    for (const { epoch, first: from, size } of batches) {
      samples.set(this.#orderOf(epoch).subarray(from, from + size), filled);
      filled += size;
    }
    return { sizes, samples };
  }

  /** Works out the order of the epoch after this step's, so that it need not be waited for. */
  prepareNext(step: number): void {
    this.#orderOf(Math.floor(step / stepsPerEpoch(this.#count, this.#batchSize)) + 1);
  }

  #orderOf(epoch: number): Uint32Array {
    const known = this.#orders.get(epoch);
    if (known !== undefined) return known;
    const order = epochOrder(this.#seed, epoch, this.#count);
    this.#orders.set(epoch, order);
    for (const other of this.#orders.keys()) if (Math.abs(other - epoch) > 1) this.#orders.delete(other);
    return order;
  }
}
