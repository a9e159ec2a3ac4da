import { describe, expect, test } from 'vitest';
import { parseRetryAfter, retryDelayMs, retrySchedule } from '../../../src/jobs/webhooks/retry-schedule.js';

const middle = { schedule: retrySchedule, random: () => 0.5, retryAfterMs: 0 };
const minutes = (count: number): number => count * 60_000;

describe('the pause after a failed attempt', () => {
  test('grows from five seconds to a day and ends after the tenth attempt', () => {
    const pauses = Array.from({ length: 10 }, (_, i) => retryDelayMs(i + 1, middle));
    expect(pauses).toEqual([5_000, ...[5, 30, 120, 300, 600, 840, 1200, 1440].map(minutes), null]);
  });

  test('varies by up to a tenth in either direction', () => {
    expect(retryDelayMs(1, { ...middle, random: () => 0 })).toBe(4_500);
    expect(retryDelayMs(1, { ...middle, random: () => 1 - 2 ** -53 })).toBe(5_500);
  });

  test('is as long as the receiver asks, but not shorter than scheduled', () => {
    expect(retryDelayMs(1, { ...middle, retryAfterMs: minutes(10) })).toBe(minutes(10));
    expect(retryDelayMs(2, { ...middle, retryAfterMs: 1_000 })).toBe(minutes(5));
  });

  test('does not follow the last attempt, whatever the receiver asks', () => {
    expect(retryDelayMs(10, { ...middle, retryAfterMs: minutes(10) })).toBeNull();
  });
});

describe('a Retry-After', () => {
  const now = new Date('2026-01-02T03:04:05Z');

  test.each([
    ['120', 120_000],
    ['0', 0],
    ['Fri, 02 Jan 2026 03:05:05 GMT', 60_000],
    ['Fri, 02 Jan 2026 03:00:00 GMT', 0],
    ['999999999999', minutes(1440)],
    ['Fri, 02 Jan 2099 03:00:00 GMT', minutes(1440)],
    ['-5', 0],
    ['soon', 0],
    ['', 0],
    [undefined, 0],
  ])('of %s is %i ms', (header, ms) => expect(parseRetryAfter(header, now)).toBe(ms));
});
