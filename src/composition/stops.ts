/** How what a process has opened is stopped again. */

export type Stop = () => void | Promise<void>;

/** The ways to stop what has been opened. What was opened last is stopped first. */
export class Stops {
  readonly #stops: Stop[] = [];

  add(stop: Stop): void {
    this.#stops.push(stop);
  }

  async stopAll(): Promise<void> {
    for (const stop of this.#stops.splice(0).reverse()) await stop();
  }
}
