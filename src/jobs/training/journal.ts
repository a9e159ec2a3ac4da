/**
 * The events of a run under way. A run that resumes behind what its log says already (it died before its next checkpoint,
 * or that one is damaged) passes the same epochs with the same numbers. Their events are appended once.
 */
import type { Logger } from 'pino';
import type { EngineChoice, RunEvent, RunEventBody } from '../runs/run-events.js';
import { logStart, type TermWriter } from '../runs/run-log.js';
import type { RunStore } from '../runs/run-store.js';
import { engineAfter } from '../runs/summarize-events.js';

export interface Journal extends Pick<TermWriter, 'refuseIfTakenOver'> {
  /** Of the attempt before; null: no attempt began to train. */
  readonly engine: EngineChoice | null;
  /** Whether the log says that the checkpoint at this step became a version. */
  hasPublished(step: number): boolean;
  /** Whether the log says how the version that the run trains again compares. */
  hasReproduced(): boolean;
  /** Appends the events that the log does not have yet. */
  append(...bodies: RunEventBody[]): Promise<void>;
  /** In the process's log and in the run's. */
  warn(message: string): Promise<void>;
}

export async function openJournal(
  { store, log }: { store: RunStore; log: Logger },
  runId: string,
  term: number,
): Promise<Journal> {
  const { events, next } = await store.readEvents(runId, logStart);
  const appended = new Set(events.map(milestoneOf));
  const writer = await store.writeEvents(runId, term, next.seq);

  async function append(...bodies: RunEventBody[]): Promise<void> {
    const news = bodies.filter((body) => {
      const milestone = milestoneOf(body);
      return milestone === null || !appended.has(milestone);
    });
    if (news.length === 0) return;
    await writer.append(...news);
    for (const body of news) appended.add(milestoneOf(body));
  }

  return {
    engine: engineAfter(events),
    refuseIfTakenOver: () => writer.refuseIfTakenOver(),
    hasPublished: (step) => appended.has(atStep('published', step)),
    hasReproduced: () => appended.has('reproduced'),
    append,

    async warn(message) {
      log.warn(message);
      await append({ type: 'log', level: 'warn', message });
    },
  };
}

/** What the event marks once in a run; null for events that may come again. */
function milestoneOf(event: RunEvent | RunEventBody): string | null {
  switch (event.type) {
    case 'metrics':
      return `metrics of epoch ${event.metrics.epoch} of member ${event.metrics.member ?? 1}`;
    case 'outcomes':
      return `outcomes of epoch ${event.epoch} of member ${event.member ?? 1}`;
    case 'checkpoint':
    case 'evaluated':
    case 'published':
      return atStep(event.type, event.step);
    case 'reproduced':
      return event.type;
    case 'stopped':
      return `stopped, member ${event.stopped.member ?? 1}`;
    case 'status':
    case 'started':
    case 'progress':
    case 'log':
    case 'missing':
    case 'done':
      return null;
  }
}

function atStep(type: 'checkpoint' | 'evaluated' | 'published', step: number): string {
  return `${type} at step ${step}`;
}
