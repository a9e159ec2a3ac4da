/** Counts rows that are equal to an earlier one, by two hashes of 32 bits each. */
export class DuplicateRows {
  count = 0;
  #size = 0;
  #mask = 2 ** 12 - 1;
  /** (slots, 2) Both 0: the slot is free. */
  #slots = new Int32Array(2 ** 13);

  /** Whether an earlier row had the same hashes. */
  add(low: number, high: number): boolean {
    // A free slot has two zeros.
    const first = low === 0 && high === 0 ? 1 : low;
    if (!insert(this.#slots, this.#mask, first, high)) {
      this.count++;
      return true;
    }
    this.#size++;
    if (this.#size * 4 > (this.#mask + 1) * 3) this.#grow();
    return false;
  }

  #grow(): void {
    const mask = this.#mask * 2 + 1;
    const slots = new Int32Array((mask + 1) * 2);
    for (let at = 0; at < this.#slots.length; at += 2) {
      const [low, high] = [this.#slots[at], this.#slots[at + 1]];
      if (low !== 0 || high !== 0) insert(slots, mask, low, high);
    }
    this.#slots = slots;
    this.#mask = mask;
  }
}

function insert(slots: Int32Array, mask: number, low: number, high: number): boolean {
  let at = (low & mask) * 2;
  while (slots[at] !== 0 || slots[at + 1] !== 0) {
    if (slots[at] === low && slots[at + 1] === high) return false;
    at = (at + 2) & (mask * 2 + 1);
  }
  slots[at] = low;
  slots[at + 1] = high;
  return true;
}
