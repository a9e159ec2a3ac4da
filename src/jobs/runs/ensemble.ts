/**
 * How a run is divided among the members of its ensemble, which are trained one after another. Each has a seed of its own and an
 * equal share of the steps; one that stops early leaves the rest of its share out. So a step says whose it is. All else, the
 * split and the preprocessing included, they have in common. A run without an ensemble has one member.
 */
import { memberSeed } from '../../model/network/members.js';
import type { EpochMetrics } from './run-events.js';
import type { RunSpec } from './run-spec.js';

type Divided = Pick<RunSpec, 'ensemble' | 'steps'>;

export function membersOf({ ensemble = 1 }: Pick<RunSpec, 'ensemble'>): number {
  return ensemble;
}

/** Steps of one member, at most. */
export function stepsOfMember(spec: Divided): number {
  return spec.steps / membersOf(spec);
}

/** The member, from 1, whose step it is: steps are counted from 1, and 0 is before the first. */
export function memberAt(spec: Divided, step: number): number {
  return Math.max(1, Math.ceil(step / stepsOfMember(spec)));
}

/** The step after which the steps of a member begin. */
export function startOfMember(spec: Divided, member: number): number {
  return (member - 1) * stepsOfMember(spec);
}

/** What decides the numbers of its training. */
export function specOfMember(spec: RunSpec, member: number): RunSpec {
  return { ...spec, seed: memberSeed(spec.seed, member), steps: stepsOfMember(spec) };
}

export function epochsOfMember(epochs: readonly EpochMetrics[], wanted: number): EpochMetrics[] {
  return epochs.filter(({ member = 1 }) => member === wanted);
}

/** The epochs of each member that has any, in the order in which they were trained. */
export function byMember(epochs: readonly EpochMetrics[]): EpochMetrics[][] {
  const members = new Set(epochs.map(({ member = 1 }) => member));
  return [...members].map((member) => epochsOfMember(epochs, member));
}
