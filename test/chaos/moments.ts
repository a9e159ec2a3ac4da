/**
 * When a fault strikes. A draw is a pure function of the seed, what it is for and a count, never of what else was drawn,
 * so that the seed of a failure gives its moments again.
 */
import { createHash } from 'node:crypto';

export const chaosSeed = Number(process.env.CHAOS_SEED ?? 0);

/** A point in a run's life: some time after it has come that far. */
export interface Moment {
  step: number;
  delayMs: number;
}

export function inWords(runId: string, { step, delayMs }: Moment): string {
  return `${delayMs} ms after step ${step} of ${runId}`;
}

/** Longer than the longest pause between two events of a run, so that a moment can lie anywhere between them. */
const longestDelayMs = 500;

/** So many moments between the two steps of a run's life, in the order in which they come. */
export function momentsOf(purpose: string, count: number, [from, to]: number[]): Moment[] {
  return Array.from({ length: count }, (_, i) => ({
    step: Math.floor(from + (to - from) * draw(`${purpose}, step`, i)),
    delayMs: Math.floor(longestDelayMs * draw(`${purpose}, delay`, i)),
  })).sort((a, b) => a.step - b.step);
}

/** The `count`-th number for this purpose, uniform in [0, 1). */
export function draw(purpose: string, count: number): number {
  const digest = createHash('sha256').update(`${chaosSeed} ${purpose} ${count}`).digest();
  return digest.readUInt32LE() / 2 ** 32;
}
