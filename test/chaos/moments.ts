/**
 * When a fault strikes. A random number is a pure function of the seed, its purpose and a count, and does not depend on
 * other random numbers. So the seed of a failure gives the same moments again.
 */
import { createHash } from 'node:crypto';

export const chaosSeed = Number(process.env.CHAOS_SEED ?? 0);

/** A moment in a run: some time after it has reached a step. */
export interface Moment {
  step: number;
  delayMs: number;
}

export function inWords(runId: string, { step, delayMs }: Moment): string {
  return `${delayMs} ms after step ${step} of ${runId}`;
}

/** Longer than the longest pause between two events of a run, so that a moment can be anywhere between them. */
const longestDelayMs = 500;

/** `count` moments between the two steps of a run, in order. */
export function momentsOf(purpose: string, count: number, [from, to]: number[]): Moment[] {
  return Array.from({ length: count }, (_, i) => ({
    step: Math.floor(from + (to - from) * draw(`${purpose}, step`, i)),
    delayMs: Math.floor(longestDelayMs * draw(`${purpose}, delay`, i)),
  })).sort((a, b) => a.step - b.step);
}

/** The `count`-th random number for this purpose, uniform in [0, 1). */
export function draw(purpose: string, count: number): number {
  const digest = createHash('sha256').update(`${chaosSeed} ${purpose} ${count}`).digest();
  return digest.readUInt32LE() / 2 ** 32;
}
