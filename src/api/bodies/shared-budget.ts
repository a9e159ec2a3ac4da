/** A limited amount of something. One holder may take at most half, so that nobody keeps all others out. */
export class SharedBudget {
  readonly total: number;
  readonly mostPerHolder: number;
  #taken = 0;
  readonly #byHolder = new Map<string, number>();

  constructor(total: number) {
    this.total = total;
    this.mostPerHolder = Math.ceil(total / 2);
  }

  get taken(): number {
    return this.#taken;
  }

  hasRoom(amount: number): boolean {
    return this.#taken + amount <= this.total;
  }

  /** Without a holder, when the clients are not known, all of it may be taken. */
  holderHasRoom(holder: string | undefined, amount: number): boolean {
    return holder === undefined || (this.#byHolder.get(holder) ?? 0) + amount <= this.mostPerHolder;
  }

  /** As much as is free at most: the more holders there are, the less each may take, and something is always left. */
  holderHasFairRoom(holder: string | undefined, amount: number): boolean {
    return holder === undefined || (this.#byHolder.get(holder) ?? 0) + amount <= this.total - this.#taken;
  }

  take(holder: string | undefined, amount: number): void {
    this.#taken += amount;
    if (holder !== undefined) this.#byHolder.set(holder, (this.#byHolder.get(holder) ?? 0) + amount);
  }

  release(holder: string | undefined, amount: number): void {
    this.#taken -= amount;
    if (holder === undefined) return;
    const left = (this.#byHolder.get(holder) ?? 0) - amount;
    if (left > 0) this.#byHolder.set(holder, left);
    else this.#byHolder.delete(holder);
  }
}
