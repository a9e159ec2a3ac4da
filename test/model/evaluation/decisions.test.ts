/** What the validation rows decide: the temperature and the threshold. */
import { expect, test } from 'vitest';
import { decideHead, positiveOf } from '../../../src/model/evaluation/decide-head.js';
import { fitTemperature } from '../../../src/model/evaluation/temperature.js';
import { chooseThreshold } from '../../../src/model/evaluation/threshold.js';
import { turnUnless, WorkStopped } from '../../../src/model/evaluation/turn.js';
import { answeredClass } from '../../../src/model/heads/class-ranking.js';
import { applyHead, classHead, type ClassHead } from '../../../src/model/heads/head.js';

/** Outputs (400, 2) that are right in 3 of 4 samples, and as sure as a logit of 4. */
const sure = {
  outputs: Float32Array.from({ length: 800 }, (_, i) => (i % 2 === 0 ? 4 : 0)),
  classes: Uint8Array.from({ length: 400 }, (_, i) => (i % 4 === 0 ? 1 : 0)),
};

/** Probabilities of the class 1. */
function rowsOf(...probabilities: number[]): Float32Array {
  return Float32Array.from(probabilities.flatMap((p) => [1 - p, p]));
}

test('the temperature makes outputs as sure as they are right', async () => {
  // 1 / (1 + e^(−4 / T)) = 3 / 4 at T = 4 / ln 3.
  expect(await fitTemperature(sure)).toBeCloseTo(4 / Math.log(3), 5);
  const head: ClassHead = { ...classHead('cross_entropy', ['a', 'b']), temperature: 4 / Math.log(3) };
  expect(applyHead(head, Float32Array.of(4, 0))[0]).toBeCloseTo(0.75, 6);
});

test('outputs that a temperature does not improve keep theirs', async () => {
  expect(await fitTemperature({ outputs: Float32Array.of(0, 0, 0, 0), classes: [0, 1] })).toBe(1);
});

test('auto takes the threshold with the best F1 of the positive class', () => {
  const rows = { probabilities: rowsOf(0.1, 0.2, 0.3, 0.4, 0.45), classes: [0, 0, 1, 0, 1] };
  // Of 0.25 the F1 is 0.8, of 0.425 it is 2 / 3.
  expect(chooseThreshold(rows, 1, 'auto')).toBeCloseTo(0.25, 6);
});

test('costs move the threshold to where the mistakes cost least', () => {
  const rows = { probabilities: rowsOf(0.1, 0.3, 0.5, 0.7, 0.9), classes: [0, 1, 0, 0, 1] };
  const at = (false_positive: number, false_negative: number): number =>
    chooseThreshold(rows, 1, { cost: { false_positive, false_negative } });
  expect(at(1, 5)).toBeCloseTo(0.2, 6);
  expect(at(5, 1)).toBeCloseTo(0.8, 6);
  // Nothing is worth a false alarm.
  const wrong = { probabilities: rowsOf(0.9, 0.2), classes: [0, 1] };
  expect(chooseThreshold(wrong, 1, { cost: { false_positive: 9, false_negative: 1 } })).toBeCloseTo(0.95, 6);
});

test('a row gets the positive label from the threshold on, and the other one below', () => {
  const head = { labels: ['no', 'yes'], threshold: { positive: 1, at_least: 0.25 } };
  expect(answeredClass(Float32Array.of(0.75, 0.25), head)).toEqual({
    label: 'yes',
    index: 1,
    confidence: 0.25,
  });
  expect(answeredClass(Float32Array.of(0.875, 0.125), head).label).toBe('no');
});

test('the positive label is the rarer one, unless the job names it', () => {
  const head = { labels: ['no', 'yes'] };
  expect(positiveOf(head, [0.9, 0.1], undefined)).toBe(1);
  expect(positiveOf(head, [0.1, 0.9], undefined)).toBe(0);
  expect(positiveOf(head, [0.5, 0.5], undefined)).toBe(1);
  expect(positiveOf(head, [0.9, 0.1], 'no')).toBe(0);
});

test('a head of which nothing is asked stays the same', async () => {
  const head = classHead('cross_entropy', ['a', 'b']);
  expect((await decideHead(head, {}, 1, sure)).head).toBe(head);
  const decided = await decideHead(head, { calibrated: true, threshold: 0.3 }, 1, sure);
  expect(decided.head.temperature).toBeCloseTo(4 / Math.log(3), 5);
  expect(decided).toMatchObject({
    head: { threshold: { positive: 1, at_least: 0.3 } },
    threshold: { at_least: 0.3, by: 'request' },
  });
});

test('weights of rows decide as so many rows would', async () => {
  const outputs = Float32Array.of(4, 0, 4, 0);
  // Right in 3 of 4 by weight, as `sure`.
  const weighted = { outputs, classes: [0, 1], weights: [3, 1] };
  expect(await fitTemperature(weighted)).toBeCloseTo(4 / Math.log(3), 5);
  const rows = { probabilities: rowsOf(0.1, 0.2, 0.3, 0.4, 0.45), classes: [0, 0, 1, 0, 1] };
  // The false alarm at 0.4 costs more than the row at 0.3 is worth.
  expect(chooseThreshold({ ...rows, weights: [1, 1, 1, 9, 1] }, 1, 'auto')).toBeCloseTo(0.425, 6);
});

test('work that is asked to end ends at its next turn', async () => {
  const stopping = new AbortController();
  stopping.abort();
  await expect(fitTemperature(sure, turnUnless(stopping.signal))).rejects.toThrow(WorkStopped);
});
