/** The lines of a run's log: which are events, and what stands in place of those that are lost. */
import type { JobStatus, RunEvent } from './documents.js';
import { loggedEvent } from './document-shapes.js';

/** Without a line that a crash cut off, or that is damaged. */
export function parseEvents(lines: Buffer): RunEvent[] {
  return lines
    .toString()
    .split('\n')
    .flatMap((line) => {
      try {
        const event = JSON.parse(line) as RunEvent;
        return loggedEvent(event, '') === null ? [event] : [];
      } catch {
        return [];
      }
    });
}

/**
 * The events past `lastSeq`, each once, with one that says so in place of those that the file lacks. A line that a crash
 * cut off leaves no gap: who came next gave its number again.
 */
export function withMissing(events: readonly RunEvent[], lastSeq: number, file: string): RunEvent[] {
  const told: RunEvent[] = [];
  let seq = lastSeq;
  for (const event of events) {
    if (event.seq <= seq) continue;
    // A repaired log says itself which events it has lost.
    const firstSeq = event.type === 'missing' ? event.first_seq : event.seq;
    if (firstSeq > seq + 1) {
      told.push(missingEvents({ firstSeq: seq + 1, lastSeq: firstSeq - 1, time: event.time, file }));
    }
    told.push(event);
    seq = event.seq;
  }
  return told;
}

export function missingEvents(lost: {
  firstSeq: number;
  lastSeq: number;
  time: string;
  status?: JobStatus | null | undefined;
  /** That held them. */
  file: string;
}): RunEvent {
  const { firstSeq, lastSeq, time, status = null, file } = lost;
  const which =
    firstSeq === lastSeq ? `Event ${firstSeq} is missing` : `Events ${firstSeq} to ${lastSeq} are missing`;
  const message = `${which}: ${file} is damaged.`;
  return { seq: lastSeq, time, type: 'missing', first_seq: firstSeq, status, message };
}
