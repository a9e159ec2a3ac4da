/** What the validation rows decide of a trained classifier: the temperature of its probabilities, and its threshold. */
import { applyHead, type ClassHead } from '../heads/head.js';
import { fitTemperature, type DecidingRows } from './temperature.js';
import type { Turn } from './turn.js';
import type { ThresholdChoice } from './evaluation.js';
import { chooseThreshold, type ThresholdRequest } from './threshold.js';

/** What a job asks of the head. */
export interface HeadRequest {
  calibrated?: boolean | undefined;
  threshold?: ThresholdRequest | undefined;
  /** A label. Left out: the rarer class of the training rows, of equals the second. */
  positive?: string | undefined;
}

/** `frequencies` (classes) are those of the training rows. */
export function positiveOf(
  { labels }: Pick<ClassHead, 'labels'>,
  frequencies: ArrayLike<number>,
  wanted: string | undefined,
): number {
  const asked = wanted === undefined ? -1 : labels.indexOf(wanted);
  if (asked >= 0) return asked;
  return frequencies[0] < frequencies[1] ? 0 : 1;
}

/** Where no rows are set apart, `rows` holds none: only a threshold that is a number can be set then. */
export async function decideHead(
  head: ClassHead,
  { calibrated = false, threshold }: HeadRequest,
  positive: number,
  rows: DecidingRows,
  afterLook?: Turn,
): Promise<{ head: ClassHead; threshold?: ThresholdChoice }> {
  const { outputs, classes, weights } = rows;
  const hasRows = classes.length > 0;
  const { probabilities: kind } = head;
  const temperature =
    calibrated && hasRows && kind === 'softmax' ? await fitTemperature(rows, afterLook) : undefined;
  const scaled: ClassHead = temperature === undefined ? head : { ...head, temperature };
  if (threshold === undefined || head.labels.length !== 2) return { head: scaled };
  if (typeof threshold === 'number') return withThreshold(scaled, positive, threshold, { by: 'request' });
  if (!hasRows) return { head: scaled };
  const probabilities = applyHead(scaled, outputs.slice());
  const atLeast = chooseThreshold({ probabilities, classes, weights }, positive, threshold);
  const by = threshold === 'auto' ? { by: 'f1' as const } : { by: 'cost' as const, cost: threshold.cost };
  return withThreshold(scaled, positive, atLeast, by);
}

function withThreshold(
  head: ClassHead,
  positive: number,
  at_least: number,
  by: Omit<ThresholdChoice, 'at_least'>,
): { head: ClassHead; threshold: ThresholdChoice } {
  return { head: { ...head, threshold: { positive, at_least } }, threshold: { at_least, ...by } };
}
