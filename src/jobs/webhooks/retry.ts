/** When a message that was not taken is sent again. */

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** Between one attempt and the next: the Standard Webhooks specification, under "Deliverability and reliability". */
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

/** No receiver puts its messages off for longer. */
const maxRetryAfterMs = 24 * hour;

/** So that what failed together does not come back together. */
const jitter = 0.1;

/** After that many attempts, from 1; null when it was the last. `random` is from [0, 1). */
export function retryDelayMs(
  attempt: number,
  options: { schedule: readonly number[]; random: () => number; retryAfterMs: number },
): number | null {
  const scheduledMs = options.schedule[attempt - 1];
  if (scheduledMs === undefined) return null;
  const spreadMs = scheduledMs * (1 + jitter * (2 * options.random() - 1));
  return Math.round(Math.max(spreadMs, options.retryAfterMs));
}

/** What a Retry-After header asks for (RFC 9110, section 10.2.3): seconds or a date; 0 for anything else. */
export function parseRetryAfter(header: string | undefined, now: Date): number {
  if (header === undefined) return 0;
  const ms = /^\d+$/.test(header) ? Number(header) * second : Date.parse(header) - now.getTime();
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, 0), maxRetryAfterMs);
}
