/**
 * What the next trial of a search tries. A proposal is a pure function of the space, the seed, the number of the trial and the
 * trials that it may see: the same arguments give the same proposal, on any machine and in any order of the calls.
 */
import { drawsOf } from './draws.js';
import { gridCell } from './grid.js';
import { drawUnseen } from './random.js';
import {
  parametersKey,
  type EndedTrial,
  type Goal,
  type Parameters,
  type PendingTrial,
  type SearchMethod,
  type Space,
} from './space.js';
import { tpeCandidates } from './tpe.js';

export interface Proposal {
  space: Space;
  method: SearchMethod;
  goal: Goal;
  seed: number;
  /** Counted from 1. */
  trial: number;
  /** The ended trials that the proposal may see, by number. */
  history: readonly EndedTrial[];
  /** The trials that run. What they will give is not known; what they try is not proposed again. */
  pending: readonly PendingTrial[];
}

/** Parameters that neither `history` nor `pending` has; null where nothing new is left. */
export function propose({ space, method, goal, seed, trial, history, pending }: Proposal): Parameters | null {
  if (method === 'grid') return gridCell(space, seed, trial);
  const draws = drawsOf(seed, trial);
  const seen = new Set([...history, ...pending].map(({ parameters }) => parametersKey(space, parameters)));
  const candidates = method === 'tpe' ? tpeCandidates({ space, goal, history, pending }, draws) : [];
  const unseen = candidates.find((parameters) => !seen.has(parametersKey(space, parameters)));
  return unseen ?? drawUnseen(space, draws, seen);
}
