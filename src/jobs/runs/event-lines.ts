/** The lines of a run's log as events, and the events that stand in for lost lines. */
import type { JobStatus, RunEvent } from './run-events.js';
import { loggedEvent } from './event-shapes.js';

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
 * The events past `lastSeq`, each once. In place of events that the file lacks comes one that says so. A line that a crash
 * cut off leaves no gap: the next writer used its number again.
 */
export function withMissing(events: readonly RunEvent[], lastSeq: number, file: string): RunEvent[] {
  const whole: RunEvent[] = [];
  let seq = lastSeq;
  for (const event of events) {
    if (event.seq <= seq) continue;
    // A repaired log itself says which events are lost.
    const firstSeq = event.type === 'missing' ? event.first_seq : event.seq;
    if (firstSeq > seq + 1) {
      whole.push(missingEvents({ firstSeq: seq + 1, lastSeq: firstSeq - 1, time: event.time, file }));
    }
    whole.push(event);
    seq = event.seq;
  }
  return whole;
}

export function missingEvents(lost: {
  firstSeq: number;
  lastSeq: number;
  time: string;
  status?: JobStatus | null | undefined;
  /** The file that held them. */
  file: string;
}): RunEvent {
  const { firstSeq, lastSeq, time, status = null, file } = lost;
  const which =
    firstSeq === lastSeq ? `Event ${firstSeq} is missing` : `Events ${firstSeq} to ${lastSeq} are missing`;
  const message = `${which}: ${file} is damaged.`;
  return { seq: lastSeq, time, type: 'missing', first_seq: firstSeq, status, message };
}
