/** The worker's side of the process that trains one run: starts it, asks it to stop, and reports how it ended. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type {
  MessageToWorker,
  Observation,
  StopMessage,
  TrainingEnd,
  TrainingTask,
} from '../training/messages.js';

/** A run that was handed back has a checkpoint, if its process stopped in time. */
export type TrainingOutcome = TrainingEnd | { kind: 'crashed'; reason: string };

/** A process asked to stop may take this long for its step and its checkpoint; the service itself has ten seconds. */
const stopWithinMs = 7_000;

export async function runTrainingProcess(
  task: TrainingTask,
  signals: { stop: AbortSignal; kill: AbortSignal },
  observe: (observation: Observation, at: number) => void,
): Promise<TrainingOutcome> {
  const child = fork(new URL('../training/main.js', import.meta.url), [JSON.stringify(task)], {
    execArgv: [],
  });
  let reported: TrainingEnd | undefined;
  child.on('message', (message) => {
    const received = message as MessageToWorker;
    if ('end' in received) reported = received.end;
    else observe(received.observation, received.at);
  });

  let force: NodeJS.Timeout | undefined;
  const removeListeners = [
    whenAborted(signals.kill, () => child.kill('SIGKILL')),
    whenAborted(signals.stop, () => {
      child.send('stop' satisfies StopMessage, () => undefined);
      force = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
    }),
  ];

  const end = await ended(child);
  for (const remove of removeListeners) remove();
  clearTimeout(force);
  if (reported !== undefined) return reported;
  if (signals.kill.aborted) return { kind: 'taken_over' };
  // A process that did not stop in time has not crashed: another worker goes on from its last checkpoint.
  return signals.stop.aborted ? { kind: 'handed_back' } : { kind: 'crashed', reason: end };
}

/** Returns a function that removes the listener. */
function whenAborted(signal: AbortSignal, act: () => void): () => void {
  if (signal.aborted) act();
  else signal.addEventListener('abort', act, { once: true });
  return () => signal.removeEventListener('abort', act);
}

async function ended(child: ChildProcess): Promise<string> {
  try {
    const [code, signalName] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    return signalName ?? `exit code ${String(code)}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
