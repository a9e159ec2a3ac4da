import { expect, it } from 'vitest';
import { highSeed, LevelCounter, lowSeed, textHash } from '../../../src/data/tables/level-counter.js';

function add(counter: LevelCounter, text: string, count = 1): void {
  counter.addText(text, count, textHash(text, lowSeed), textHash(text, highSeed));
}

it('counts 10,000 distinct texts exactly, the commonest first', () => {
  const counter = new LevelCounter();
  for (let each = 0; each < 9_999; each++) add(counter, `text ${each}`);
  add(counter, 'text 7', 4);
  counter.addNumber(150, 2, 3, 11, 12);
  expect(counter).toMatchObject({ isExact: true, distinct: 10_000 });
  expect(counter.levels().slice(0, 3)).toEqual([
    { value: 'text 7', count: 5 },
    { value: '1.50', count: 3 },
    { value: 'text 0', count: 1 },
  ]);
});

it('estimates how many texts there are beyond that, in any order, and still counts the common ones', () => {
  const texts = Array.from({ length: 100_000 }, (_, each) => `text ${each}`);
  const [forward, backward] = [new LevelCounter(), new LevelCounter()];
  for (const counter of [forward, backward]) add(counter, 'common', 50);
  for (const text of texts) add(forward, text);
  for (const text of texts.toReversed()) add(backward, text);
  for (const counter of [forward, backward]) add(counter, 'common', 50);
  expect(forward.isExact).toBe(false);
  expect(Math.abs(forward.distinct - 100_001)).toBeLessThan(3_000);
  expect(backward.distinct).toBe(forward.distinct);
  expect(forward.levels()).toEqual([{ value: 'common', count: 100 }]);
});
