/**
 * The events of a run under way. A run that resumes behind what it has already told (it died before its next checkpoint,
 * or that one is damaged) comes past the same epochs with the same numbers; they are told once.
 */
import type { EngineChoice, RunEvent, RunEventBody } from '../runs/documents.js';
import { logStart, type TermWriter } from '../runs/run-log.js';
import type { RunStore } from '../runs/run-store.js';
import { engineAfter } from '../runs/summarize-events.js';

export interface Journal extends Pick<TermWriter, 'refuseIfTakenOver'> {
  /** Of the attempt before; null: there is none that began to train. */
  readonly engine: EngineChoice | null;
  /** Appends the events, save those already told. */
  tell(...bodies: RunEventBody[]): Promise<void>;
}

export async function openJournal(store: RunStore, runId: string, term: number): Promise<Journal> {
  const { events, next } = await store.readEvents(runId, logStart);
  const told = new Set(events.map(milestoneOf));
  const log = await store.writeEvents(runId, term, next.seq);
  return {
    engine: engineAfter(events),
    refuseIfTakenOver: () => log.refuseIfTakenOver(),

    async tell(...bodies) {
      const news = bodies.filter((body) => {
        const milestone = milestoneOf(body);
        return milestone === null || !told.has(milestone);
      });
      if (news.length === 0) return;
      await log.append(...news);
      for (const body of news) told.add(milestoneOf(body));
    },
  };
}

/** What the event marks once in a run; null for events that may come again. */
function milestoneOf(event: RunEvent | RunEventBody): string | null {
  switch (event.type) {
    case 'metrics':
      return `metrics of epoch ${event.metrics.epoch}`;
    case 'checkpoint':
    case 'published':
      return `${event.type} at step ${event.step}`;
    case 'status':
    case 'started':
    case 'progress':
    case 'log':
    case 'missing':
    case 'done':
      return null;
  }
}
