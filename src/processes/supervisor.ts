/**
 * Several processes of one service on one port. The supervisor accepts the connections and gives them to the processes in
 * turn (node:cluster). A process that dies is replaced; all are restarted one by one without a refused request.
 */
import cluster from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import { TrainyardError } from '../errors.js';
import type { Logger } from '../lib/log.js';
import {
  joinedCounts,
  joinedText,
  supervisorMetrics,
  type MetricsSnapshot,
} from '../telemetry/joined-metrics.js';
import { Member, type Exit } from './member.js';
import type { Answers, Question, Summary } from './messages.js';
import { RequestCounts } from './request-counts.js';

export interface SupervisorOptions {
  /** The entry of a process. */
  entry: string;
  count: number;
  log: Logger;
  /** Processes end again and again before they are ready. */
  onCrashLoop: (error: TrainyardError) => void;
  pace?: Partial<SupervisorPace>;
}

interface SupervisorPace {
  /** Before a process is replaced that is not the first to end within a minute; doubled for each further one. */
  firstPauseMs: number;
  longestPauseMs: number;
  /** A process that is not ready by then makes no restart go on. */
  readyWithinMs: number;
  /** A retired process is killed after this time. */
  retireWithinMs: number;
  /** A process that is told to stop is killed after this time. */
  stopWithinMs: number;
  metricsWithinMs: number;
}

const usualPace: SupervisorPace = {
  firstPauseMs: 200,
  longestPauseMs: 5_000,
  readyWithinMs: 120_000,
  retireWithinMs: 30_000,
  stopWithinMs: 12_000,
  metricsWithinMs: 1_000,
};

/** So many in a row make a crash loop. */
const mostFailedStarts = 6;
const recentlyMs = 60_000;

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #pace: SupervisorPace;
  /** By number, those that serve or will. */
  readonly #serving = new Map<number, Member>();
  /** All that run, retired ones too. */
  readonly #running = new Set<Member>();
  readonly #requests = new RequestCounts();
  #countsOfEnded: Promise<MetricsSnapshot> = Promise.resolve([]);
  #replacements = 0;
  #recentEnds: number[] = [];
  #failedStarts = 0;
  #haveAllBeenReady = false;
  #restart: Promise<boolean> | null = null;
  #isStopping = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#pace = { ...usualPace, ...options.pace };
    // The values of metrics include NaN, which JSON cannot write.
    cluster.setupPrimary({ exec: options.entry, args: [], serialization: 'advanced' });
    cluster.schedulingPolicy = cluster.SCHED_RR;
  }

  /**
   * Resolves when all processes listen, to what one of them says for the log, or to null when the first ended before; it has
   * said why.
   */
  async start(): Promise<Summary | null> {
    // What keeps one from starting keeps all, and need be said only once.
    const first = this.#launch(1, false);
    const summary = await first.listening;
    if (summary === null) return null;
    this.#keep(first);
    const others = Array.from({ length: this.#options.count - 1 }, (_, i) => this.#launch(i + 2, false));
    for (const other of others) this.#keep(other);
    await Promise.all(others.map((other) => other.listening));
    return summary;
  }

  /** Replaces all processes, one at a time. @returns whether all were replaced */
  restart(): Promise<boolean> {
    this.#restart ??= this.#restartOneByOne().finally(() => (this.#restart = null));
    return this.#restart;
  }

  /** Each process answers what it has accepted. */
  async stop(signal: NodeJS.Signals): Promise<void> {
    this.#isStopping = true;
    await Promise.all([...this.#running].map((member) => member.end(signal, this.#pace.stopWithinMs)));
  }

  /** By number, of those that serve or will. */
  pids(): number[] {
    return [...this.#serving.values()].map(({ pid }) => pid);
  }

  killAll(): void {
    this.#isStopping = true;
    for (const member of this.#running) member.kill('SIGKILL');
  }

  #launch(number: number, joins: boolean): Member {
    const member = new Member(cluster.fork(), { number, joins }, (question, from) =>
      this.#answer(question, from),
    );
    this.#serving.set(number, member);
    this.#running.add(member);
    void member.ended.then(() => {
      this.#running.delete(member);
      this.#countsOfEnded = this.#countsOfEnded.then((earlier) => joinedCounts([earlier, member.metrics]));
    });
    return member;
  }

  /** Replaces the process when it dies. */
  #keep(member: Member): void {
    void member.ready.then((isReady) => {
      if (isReady === null) return;
      this.#failedStarts = 0;
      this.#haveAllBeenReady ||= this.readyCount() === this.#options.count;
    });
    void member.ended.then((exit) => {
      if (!this.#isStopping && !member.isLeaving) void this.#replace(member, exit);
    });
  }

  async #replace({ number, pid, isReady }: Member, exit: Exit): Promise<void> {
    if (!isReady && ++this.#failedStarts >= mostFailedStarts) {
      this.#options.onCrashLoop(
        new TrainyardError(
          'PROCESSES_FAIL',
          `${this.#failedStarts} processes in a row ended before they could answer, the last one with ` +
            `${exit.signal ?? `exit code ${exit.code}`}. Their lines in the log say why.`,
        ),
      );
      return;
    }
    const pauseMs = this.#pauseBeforeReplacing();
    this.#options.log.error(
      { process: number, ended_pid: pid, ...exit, pause_ms: pauseMs },
      'a process ended; another takes its place',
    );
    if (pauseMs > 0) await sleep(pauseMs);
    if (this.#stops()) return;
    this.#replacements++;
    this.#keep(this.#launch(number, this.#haveAllBeenReady));
  }

  /** It may change while something is awaited. */
  #stops(): boolean {
    return this.#isStopping;
  }

  #pauseBeforeReplacing(): number {
    const nowMs = performance.now();
    this.#recentEnds = [...this.#recentEnds.filter((ms) => nowMs - ms < recentlyMs), nowMs];
    const earlier = this.#recentEnds.length - 1;
    if (earlier === 0) return 0;
    return Math.min(this.#pace.longestPauseMs, this.#pace.firstPauseMs * 2 ** (earlier - 1));
  }

  async #restartOneByOne(): Promise<boolean> {
    const { log } = this.#options;
    log.info({ processes: this.#serving.size }, 'the processes are replaced one by one');
    for (const [number, old] of [...this.#serving]) {
      // One that has just been replaced is new already.
      if (this.#stops() || old.hasEnded() || this.#serving.get(number) !== old) continue;
      const next = this.#launch(number, true);
      const late = sleep(this.#pace.readyWithinMs, null, { ref: false });
      if ((await Promise.race([next.ready, late])) === null) {
        if (!old.hasEnded()) this.#serving.set(number, old);
        await next.end('SIGKILL', 0);
        if (this.#stops()) return false;
        log.error({ process: number }, 'a new process did not become ready; the old ones go on');
        if (old.hasEnded()) this.#keep(this.#launch(number, true));
        return false;
      }
      this.#keep(next);
      old.retire();
      await old.endedWithin(this.#pace.retireWithinMs);
    }
    if (this.#stops()) return false;
    log.info({ processes: this.#serving.size }, 'all processes are replaced');
    return true;
  }

  /** Of the processes that are to serve, those that can. */
  readyCount(): number {
    return [...this.#serving.values()].filter((member) => member.isReady && !member.hasEnded()).length;
  }

  async #answer(question: Question, { number, joins }: Member): Promise<unknown> {
    const { count } = this.#options;
    switch (question.about) {
      case 'place':
        return { number, joins } satisfies Answers['place'];
      case 'metrics':
        return this.#joinedMetrics();
      case 'readiness':
        return {
          wanted: count,
          ready: this.#haveAllBeenReady ? count : this.readyCount(),
        } satisfies Answers['readiness'];
      case 'requests':
        return this.#requests.add(question.key, question.windowMs) satisfies Answers['requests'];
    }
  }

  async #joinedMetrics(): Promise<Answers['metrics']> {
    const { metricsWithinMs } = this.#pace;
    const ofMembers = await Promise.all(
      [...this.#running].map((member) => member.freshMetrics(metricsWithinMs)),
    );
    const own = supervisorMetrics({ ready: this.readyCount(), replacements: this.#replacements });
    return joinedText([...ofMembers, await this.#countsOfEnded, own]);
  }
}
