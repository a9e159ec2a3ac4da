/**
 * Networks that answer together, as one ensemble: their seeds, and the names of their parameters in one state dict. Members are
 * counted from 1. The parameters of member 2 are `member2.fc1.weight`, …, as PyTorch names them in a module that has the
 * members as `member1`, `member2`, …
 */
import { fillWords } from '../../lib/philox.js';
import { parameterShapes, type NetworkSpec, type StateDict } from './network.js';

export const mostMembers = 16;

/** The first member has the seed itself: it is the network that would be trained alone. Others have 53 bits drawn by it. */
export function memberSeed(seed: number, member: number): number {
  if (member === 1) return seed;
  const words = new Uint32Array(2);
  fillWords({ seed, purpose: 'ensemble', part: 0, step: member }, 0, words);
  return words[0] * 2 ** 21 + (words[1] >>> 11);
}

/** Names and shapes of an ensemble's state dict, in its order; `members` 1: those of the network alone. */
export function ensembleShapes(network: NetworkSpec, members: number): { name: string; shape: number[] }[] {
  const shapes = parameterShapes(network);
  if (members === 1) return shapes;
  return numbersTo(members).flatMap((member) =>
    shapes.map(({ name, shape }) => ({ name: prefixOf(member) + name, shape })),
  );
}

/** The tensors are shared, not copied. */
export function joinMembers(members: readonly StateDict[]): StateDict {
  if (members.length === 1) return members[0];
  return new Map(
    members.flatMap((parameters, index) =>
      [...parameters].map(([name, tensor]) => [prefixOf(index + 1) + name, tensor] as const),
    ),
  );
}

/** The parameters of each member, by the names of the network alone. The tensors are shared, not copied. */
export function splitMembers(parameters: StateDict, members: number): StateDict[] {
  if (members === 1) return [parameters];
  return numbersTo(members).map((member) => {
    const prefix = prefixOf(member);
    const own = [...parameters].filter(([name]) => name.startsWith(prefix));
    return new Map(own.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
  });
}

function prefixOf(member: number): string {
  return `member${member}.`;
}

function numbersTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}
