/** A process of a service with several, as it sees its supervisor. */
import { withTimeout } from '../lib/timeout.js';
import type { MetricsSnapshot } from '../telemetry/joined-metrics.js';
import type { Answers, Place, Question, RequestCount, Summary, ToProcess, ToSupervisor } from './messages.js';

const answerWithinMs = 5_000;

export class ServiceProcess {
  readonly #waiting = new Map<number, (value: unknown) => void>();
  #asked = 0;
  #place: Place = { number: 1, joins: false };
  #metrics: (() => Promise<MetricsSnapshot>) | null = null;
  #retire: (() => void) | null = null;

  constructor() {
    process.on('message', (message: ToProcess) => this.#take(message));
    // A terminal that closes signals all processes of the service. The supervisor decides.
    process.on('SIGHUP', () => undefined);
  }

  /** Asks which of the processes this is. @returns its number */
  async join(): Promise<number> {
    this.#place = await this.ask({ about: 'place' });
    return this.#place.number;
  }

  /** Whether others already serve. */
  get joins(): boolean {
    return this.#place.joins;
  }

  /** Counts one more request of the key, together with the other processes. */
  readonly countRequests = (key: string, windowMs: number): Promise<RequestCount> =>
    this.ask({ about: 'requests', key, windowMs });

  /** @throws Error when the supervisor does not answer in time */
  async ask<About extends Question['about']>(
    question: Extract<Question, { about: About }>,
  ): Promise<Answers[About]> {
    const id = ++this.#asked;
    const answer = new Promise<unknown>((resolve) => this.#waiting.set(id, resolve));
    try {
      tell({ kind: 'ask', id, question });
      return (await withTimeout(answerWithinMs, answer)) as Answers[About];
    } finally {
      this.#waiting.delete(id);
    }
  }

  listens(summary: Summary): void {
    tell({ kind: 'listening', summary });
  }

  isReady(): void {
    tell({ kind: 'ready' });
  }

  /** `read` is called for each scrape of the service. */
  showMetrics(read: () => Promise<MetricsSnapshot>): void {
    this.#metrics = read;
  }

  /** So that nothing that this process has counted is lost when it ends. */
  async tellLastMetrics(): Promise<void> {
    await this.#tellMetrics();
  }

  /** `retire` is called when another process has taken this one's place. */
  onRetire(retire: () => void): void {
    this.#retire = retire;
  }

  #take(message: ToProcess): void {
    if (message.kind === 'answer') this.#waiting.get(message.id)?.(message.value);
    else if (message.kind === 'retire') this.#retire?.();
    else void this.#tellMetrics();
  }

  async #tellMetrics(): Promise<void> {
    if (this.#metrics !== null) tell({ kind: 'metrics', snapshot: await this.#metrics() });
  }
}

/** A supervisor that is gone hears nothing, and this process ends on its own. */
function tell(message: ToSupervisor): void {
  if (process.connected) process.send?.(message, undefined, {}, () => undefined);
}
