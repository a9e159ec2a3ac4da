/**
 * How many distinct hashes were added, within about 1 %: HyperLogLog with 2^14 registers. The order does not matter.
 *
 * P. Flajolet, É. Fusy, O. Gandouet, F. Meunier, "HyperLogLog: the analysis of a near-optimal cardinality estimation
 * algorithm", AofA 2007. With 32 bits beside the register no correction for large counts is needed.
 */
export class DistinctEstimate {
  readonly #registers = new Uint8Array(registerCount);

  /** Two independent words of the hash. */
  add(low: number, high: number): void {
    const register = low & (registerCount - 1);
    const rank = Math.clz32(high) + 1;
    if (rank > this.#registers[register]) this.#registers[register] = rank;
  }

  count(): number {
    let sum = 0;
    let empty = 0;
    for (const rank of this.#registers) {
      sum += 2 ** -rank;
      if (rank === 0) empty++;
    }
    const alpha = 0.7213 / (1 + 1.079 / registerCount);
    const estimate = (alpha * registerCount * registerCount) / sum;
    const isSmall = estimate <= 2.5 * registerCount && empty > 0;
    return Math.round(isSmall ? registerCount * Math.log(registerCount / empty) : estimate);
  }
}

const registerCount = 2 ** 14;
