/**
 * The worker's side of the processes that train runs: starts them, asks them to stop, and reports how a run ended. A process
 * that holds a GPU waits some time for the next run, which then need not open the device anew; any other ends with its run.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Logger } from '../../lib/log.js';
import type {
  EndMessage,
  MessageToProcess,
  MessageToWorker,
  Observation,
  TrainingEnd,
  TrainingTask,
} from '../training/messages.js';

/** A run that was handed back has a checkpoint, if its process stopped in time. */
export type TrainingOutcome = TrainingEnd | { kind: 'crashed'; reason: string };

/** A process asked to stop may take this long for its step and its checkpoint; the service itself has ten seconds. */
const stopWithinMs = 7_000;

const entry = new URL('../../../dist/jobs/training/main.js', import.meta.url);

interface WaitingProcess {
  child: ChildProcess;
  /** Ends it when no run came. */
  timer: NodeJS.Timeout;
}

export class TrainingProcesses {
  readonly #log: Logger;
  readonly #idleMs: number;
  readonly #isWorthKeeping: (end: EndMessage) => boolean;
  /** The one that trained last is at the end. */
  #waiting: WaitingProcess[] = [];
  #isClosed = false;

  /** `idleMs`: how long a process waits for the next run; 0: none waits. */
  constructor({
    log,
    idleMs,
    isWorthKeeping = ({ holdsDevice }) => holdsDevice,
  }: {
    log: Logger;
    idleMs: number;
    isWorthKeeping?: (end: EndMessage) => boolean;
  }) {
    this.#log = log;
    this.#idleMs = idleMs;
    this.#isWorthKeeping = isWorthKeeping;
  }

  async run(
    task: TrainingTask,
    signals: { stop: AbortSignal; kill: AbortSignal },
    observe: (observation: Observation, at: number) => void,
  ): Promise<TrainingOutcome> {
    const child = this.#waitingProcess() ?? startProcess();
    this.#log.info({ job: task.runId, training_pid: child.pid }, 'a process trains the job');
    const last = untilLastOf(child, observe);
    send(child, { task });
    let force: NodeJS.Timeout | undefined;
    const removeListeners = [
      whenAborted(signals.kill, () => child.kill('SIGKILL')),
      whenAborted(signals.stop, () => {
        send(child, 'stop');
        force = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
      }),
    ];
    const end = await last;
    for (const remove of removeListeners) remove();
    clearTimeout(force);
    if (typeof end === 'string') {
      if (signals.kill.aborted) return { kind: 'taken_over' };
      // A process that did not stop in time has not crashed: another worker goes on from its last checkpoint.
      return signals.stop.aborted ? { kind: 'handed_back' } : { kind: 'crashed', reason: end };
    }
    if (this.#isKept(child, end)) this.#keep(child);
    else await dismiss(child);
    return end.end;
  }

  /** Ends the processes that wait, and lets no other wait. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const waiting = this.#waiting.splice(0);
    for (const { timer } of waiting) clearTimeout(timer);
    await Promise.all(waiting.map(({ child }) => dismiss(child)));
  }

  #waitingProcess(): ChildProcess | null {
    for (let next = this.#waiting.pop(); next !== undefined; next = this.#waiting.pop()) {
      clearTimeout(next.timer);
      if (next.child.connected) return next.child;
    }
    return null;
  }

  #isKept(child: ChildProcess, message: EndMessage): boolean {
    const isUsable = !this.#isClosed && !child.killed && child.connected && message.isSound;
    return this.#idleMs > 0 && isUsable && this.#isWorthKeeping(message);
  }

  #keep(child: ChildProcess): void {
    const timer = setTimeout(() => {
      this.#waiting = this.#waiting.filter((waiting) => waiting.child !== child);
      void dismiss(child);
    }, this.#idleMs);
    this.#waiting.push({ child, timer });
  }
}

function startProcess(): ChildProcess {
  const child = fork(entry, { execArgv: [] });
  // What goes wrong with one that waits is seen when it is wanted.
  return child.on('error', () => undefined);
}

/** The message by which a run ends, or else how the process died. */
function untilLastOf(
  child: ChildProcess,
  observe: (observation: Observation, at: number) => void,
): Promise<EndMessage | string> {
  return new Promise((resolve) => {
    const settle = (last: EndMessage | string): void => {
      child.off('message', listen).off('close', died).off('error', failed);
      resolve(last);
    };
    const listen = (sent: unknown): void => {
      const message = sent as MessageToWorker;
      if ('end' in message) settle(message);
      else observe(message.observation, message.at);
    };
    const died = (code: number | null, signal: NodeJS.Signals | null): void => {
      settle(signal ?? `exit code ${String(code)}`);
    };
    const failed = (error: Error): void => settle(error.message);
    child.on('message', listen).on('close', died).on('error', failed);
  });
}

/** A process that loses its worker ends itself. Resolves when its memory is free. */
async function dismiss(child: ChildProcess): Promise<void> {
  if (child.connected) child.disconnect();
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

/** A message that does not reach the process needs no answer: it has died, or is about to. */
function send(child: ChildProcess, message: MessageToProcess): void {
  child.send(message, () => undefined);
}

/** Returns a function that removes the listener. */
function whenAborted(signal: AbortSignal, act: () => void): () => void {
  if (signal.aborted) act();
  else signal.addEventListener('abort', act, { once: true });
  return () => signal.removeEventListener('abort', act);
}
