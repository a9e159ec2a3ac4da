/**
 * Lines that are written together: each waits for a moment for the next ones. A write of its own for each line of a busy service
 * takes more than making the line.
 */
import type { DestinationStream, pino } from 'pino';

type Destination = ReturnType<typeof pino.destination>;

const gatherMs = 5;
/** So many characters are not kept waiting. */
const enough = 2 ** 14;

export class GatheredLines implements DestinationStream {
  readonly #destination: Destination;
  #lines = '';
  #timer: NodeJS.Timeout | undefined;

  constructor(destination: Destination) {
    this.#destination = destination;
    process.on('exit', () => this.flushSync());
  }

  write(line: string): void {
    this.#lines += line;
    if (this.#lines.length >= enough) this.#pass();
    else this.#timer ??= setTimeout(() => this.#pass(), gatherMs);
  }

  /** `done` is called when all lines are written. */
  flush(done?: (error?: Error) => void): void {
    this.#pass();
    this.#destination.flush(done);
  }

  /** Pino calls it after a fatal line. */
  flushSync(): void {
    if (this.#lines === '') return;
    this.#pass();
    this.#destination.flushSync();
  }

  #pass(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#lines === '') return;
    this.#destination.write(this.#lines);
    this.#lines = '';
  }
}
