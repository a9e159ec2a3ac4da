/** Work that is done at its start and then from time to time, never twice at the same time. It handles its own failures. */
export class PeriodicWork {
  readonly #work: () => Promise<void>;
  readonly #intervalMs: number;
  #timer: NodeJS.Timeout | undefined;
  #underWay: Promise<void> | undefined;

  constructor(work: () => Promise<void>, intervalMs: number) {
    this.#work = work;
    this.#intervalMs = intervalMs;
  }

  /** Resolves when the work has been done once. */
  start(): Promise<void> {
    this.#timer = setInterval(() => void this.#unlessUnderWay(), this.#intervalMs).unref();
    return this.#unlessUnderWay();
  }

  /** Resolves when no work is under way. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#underWay;
  }

  #unlessUnderWay(): Promise<void> {
    return (this.#underWay ??= this.#work().finally(() => (this.#underWay = undefined)));
  }
}
