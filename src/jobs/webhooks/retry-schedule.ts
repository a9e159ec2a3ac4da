/** When a message that the receiver did not accept is sent again. */

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** Milliseconds between attempts, from the Standard Webhooks specification, "Deliverability and reliability". */
export const retrySchedule: readonly number[] = [
  5 * second,
  5 * minute,
  30 * minute,
  2 * hour,
  5 * hour,
  10 * hour,
  14 * hour,
  20 * hour,
  24 * hour,
];

/** A receiver cannot ask for a longer delay. */
const maxRetryAfterMs = 24 * hour;

/** Spreads messages that failed together, so that they do not all come back at once. */
const jitter = 0.1;

/** The delay after attempt number `attempt`, from 1; null after the last attempt. `random` gives numbers in [0, 1). */
export function retryDelayMs(
  attempt: number,
  options: { schedule: readonly number[]; random: () => number; retryAfterMs: number },
): number | null {
  const scheduledMs = options.schedule[attempt - 1];
  if (scheduledMs === undefined) return null;
  const spreadMs = scheduledMs * (1 + jitter * (2 * options.random() - 1));
  return Math.round(Math.max(spreadMs, options.retryAfterMs));
}

/**
 * The delay in milliseconds that a Retry-After header asks for: seconds or a date (RFC 9110, section 10.2.3); else 0.
 */
export function parseRetryAfter(header: string | undefined, now: Date): number {
  if (header === undefined) return 0;
  const ms = /^\d+$/.test(header) ? Number(header) * second : Date.parse(header) - now.getTime();
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, 0), maxRetryAfterMs);
}
