/** The worker's side of the process that trains one run: starts it, asks it to stop, and says how it ended. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { TrainingResources } from '../../model/engines/engine.js';

/** All that the process needs to know; it reads no settings of its own. */
export interface TrainingTask extends TrainingResources {
  runId: string;
  /** Absolute. */
  dataDir: string;
  logLevel: string;
  logFormat: 'json' | 'pretty';
}

export type TrainingOutcome =
  | { kind: 'finished' }
  /** Stopped, with a checkpoint if it was in time. */
  | { kind: 'handed_back' }
  | { kind: 'crashed'; reason: string };

/** From the worker to the process. */
export type StopMessage = 'stop';

/** From the process to the worker, the last thing that it does. */
export interface EndMessage {
  end: 'finished' | 'handed_back';
}

/** A process asked to stop may take this long for its step and its checkpoint; the service itself has ten seconds. */
const stopWithinMs = 7_000;

export async function runTrainingProcess(task: TrainingTask, signal: AbortSignal): Promise<TrainingOutcome> {
  const child = fork(new URL('./process.js', import.meta.url), [JSON.stringify(task)], { execArgv: [] });
  let said: EndMessage | undefined;
  child.on('message', (message) => (said = message as EndMessage));

  let force: NodeJS.Timeout | undefined;
  const stop = (): void => {
    child.send('stop' satisfies StopMessage, () => undefined);
    force = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();

  const end = await ended(child);
  signal.removeEventListener('abort', stop);
  clearTimeout(force);
  if (said !== undefined) return { kind: said.end };
  // A process that did not stop in time is none that crashed: another worker goes on from its last checkpoint.
  return signal.aborted ? { kind: 'handed_back' } : { kind: 'crashed', reason: end };
}

async function ended(child: ChildProcess): Promise<string> {
  try {
    const [code, signalName] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    return signalName ?? `exit code ${String(code)}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
