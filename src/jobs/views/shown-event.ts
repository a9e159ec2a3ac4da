/** Events as lists and streams show them. */
import type { RunEvent } from '../runs/run-events.js';

/** Without the outcomes of an epoch, which are many numbers: they are asked for by themselves. */
export function withoutOutcomes(event: RunEvent): RunEvent {
  if (event.type !== 'outcomes') return event;
  const { seq, time, type, member, epoch } = event;
  return { seq, time, type, ...(member !== undefined && { member }), epoch };
}
