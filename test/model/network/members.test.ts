import { describe, expect, test } from 'vitest';
import {
  ensembleShapes,
  joinMembers,
  memberSeed,
  mostMembers,
  splitMembers,
} from '../../../src/model/network/members.js';
import { parameterShapes } from '../../../src/model/network/network.js';
import { parametersOf, smallDescription } from '../small-model.js';

const { network } = smallDescription;

describe('the seed of a member', () => {
  const seeds = [0, 1, 2 ** 32, Number.MAX_SAFE_INTEGER];

  test('is that of the job for the first one', () => {
    for (const seed of seeds) expect(memberSeed(seed, 1)).toBe(seed);
  });

  test('is another one for each member and job, and always the same', () => {
    const all = seeds.flatMap((seed) =>
      Array.from({ length: mostMembers }, (_, index) => memberSeed(seed, index + 1)),
    );
    expect(new Set(all).size).toBe(seeds.length * mostMembers);
    expect(all.every((seed) => Number.isSafeInteger(seed) && seed >= 0)).toBe(true);
    // Written down: the bits of every ensemble depend on them.
    expect([memberSeed(0, 2), memberSeed(0, 3), memberSeed(7, 2)]).toEqual([
      8_700_479_778_725_028, 5_514_436_189_298_214, 7_283_669_838_729_554,
    ]);
  });
});

describe('the parameters of members', () => {
  const members = [parametersOf(network, 1), parametersOf(network, 2), parametersOf(network, 3)];

  test('come back from one state dict, whose names are those of PyTorch’s modules', () => {
    const joined = joinMembers(members);
    expect([...joined.keys()].slice(0, 5)).toEqual([
      'member1.fc1.weight',
      'member1.fc1.bias',
      'member1.fc2.weight',
      'member1.fc2.bias',
      'member2.fc1.weight',
    ]);
    expect(splitMembers(joined, 3)).toEqual(members);
    const shapes = [...joined].map(([name, { shape }]) => ({ name, shape }));
    expect(ensembleShapes(network, 3)).toEqual(shapes);
  });

  test('of which there are more than nine are not mixed up', () => {
    const many = Array.from({ length: 12 }, (_, seed) => parametersOf(network, seed));
    expect(splitMembers(joinMembers(many), 12)).toEqual(many);
  });

  test('of a single network keep their names', () => {
    expect(joinMembers([members[0]])).toEqual(members[0]);
    expect(splitMembers(members[0], 1)).toEqual([members[0]]);
    expect(ensembleShapes(network, 1)).toEqual(parameterShapes(network));
  });
});
