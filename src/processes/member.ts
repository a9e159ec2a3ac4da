/** One process of the service, as the supervisor sees it. */
import type { Worker } from 'node:cluster';
import { withTimeout } from '../lib/timeout.js';
import type { MetricsSnapshot } from '../telemetry/joined-metrics.js';
import type { Question, Summary, ToProcess, ToSupervisor } from './messages.js';

export interface Exit {
  code: number | null;
  signal: string | null;
}

/** Resolves to null when the process ends first. */
type OrEnd<T> = Promise<T | null>;

export class Member {
  readonly number: number;
  readonly joins: boolean;
  readonly pid: number;
  readonly listening: OrEnd<Summary>;
  /** It listens, and its models are loaded. */
  readonly ready: OrEnd<true>;
  readonly ended: Promise<Exit>;
  isReady = false;
  #hasEnded = false;
  /** It is meant to end. */
  isLeaving = false;
  /** The last that it told. */
  metrics: MetricsSnapshot = [];
  readonly #worker: Worker;
  #metricsArrived: (() => void)[] = [];

  constructor(
    worker: Worker,
    { number, joins }: { number: number; joins: boolean },
    answer: (question: Question, member: Member) => Promise<unknown>,
  ) {
    this.number = number;
    this.joins = joins;
    this.#worker = worker;
    this.pid = worker.process.pid ?? 0;
    this.ended = new Promise((resolve) =>
      worker.once('exit', (code: number | null, signal: string | null) => {
        this.#hasEnded = true;
        resolve({ code, signal });
      }),
    );
    const none = this.ended.then(() => null);
    let saysListening: (summary: Summary) => void;
    let saysReady: () => void;
    const listening = new Promise<Summary>((resolve) => (saysListening = resolve));
    const ready = new Promise<void>((resolve) => (saysReady = resolve));
    this.listening = Promise.race([listening, none]);
    this.ready = Promise.race([Promise.all([listening, ready]).then(() => true as const), none]);
    void this.ready.then((isSo) => (this.isReady = isSo ?? false));

    worker.on('message', (message: ToSupervisor) => {
      switch (message.kind) {
        case 'listening':
          saysListening(message.summary);
          break;
        case 'ready':
          saysReady();
          break;
        case 'metrics':
          this.metrics = message.snapshot;
          for (const arrived of this.#metricsArrived.splice(0)) arrived();
          break;
        case 'ask':
          void answer(message.question, this).then((value) => {
            this.#tell({ kind: 'answer', id: message.id, value });
          });
      }
    });
    // The channel of a process that was killed breaks; its end is seen by `exit`.
    worker.on('error', () => undefined);
  }

  hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Those of now, or the last ones when it does not answer in time. */
  async freshMetrics(withinMs: number): Promise<MetricsSnapshot> {
    const arrived = new Promise<void>((resolve) => this.#metricsArrived.push(resolve));
    this.#tell({ kind: 'metrics_wanted' });
    await withTimeout(withinMs, arrived).catch(() => undefined);
    return this.metrics;
  }

  /** Lets it end without a request being refused. */
  retire(): void {
    this.isLeaving = true;
    this.#tell({ kind: 'retire' });
  }

  /** Ends it, and kills it when it has not ended in time. */
  async end(signal: NodeJS.Signals, withinMs: number): Promise<void> {
    this.isLeaving = true;
    this.kill(signal);
    await this.endedWithin(withinMs);
  }

  async endedWithin(ms: number): Promise<void> {
    const force = setTimeout(() => this.kill('SIGKILL'), ms);
    await this.ended;
    clearTimeout(force);
  }

  kill(signal: NodeJS.Signals): void {
    if (!this.#hasEnded) this.#worker.process.kill(signal);
  }

  #tell(message: ToProcess): void {
    if (this.#worker.isConnected()) this.#worker.send(message, undefined, undefined, () => undefined);
  }
}
