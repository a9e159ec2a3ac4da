import { expect, test } from 'vitest';
import { RequestCounts } from '../../src/processes/request-counts.js';

test('each key has windows of its own, that begin with its first request', () => {
  const counts = new RequestCounts();
  expect(counts.add('one', 1_000, 5_000)).toEqual({ current: 1, ttl: 1_000 });
  expect(counts.add('one', 1_000, 5_400)).toEqual({ current: 2, ttl: 600 });
  expect(counts.add('two', 1_000, 5_900)).toEqual({ current: 1, ttl: 1_000 });
  expect(counts.add('one', 1_000, 6_000)).toEqual({ current: 1, ttl: 1_000 });
  expect(counts.add('two', 1_000, 6_100)).toEqual({ current: 2, ttl: 800 });
});
