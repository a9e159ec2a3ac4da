/** What a job's `augment` comes to: only pictures can be changed, and what is learnt must be pictures. */
import type { ArraysInfo } from '../../data/dataset.js';
import { TrainyardError } from '../../errors.js';
import { digitsAugmentation, noAugmentation } from '../../model/augmentation/amounts.js';
import type { AugmentRequest } from '../runs/job-request.js';
import type { RunSpec } from '../runs/run-spec.js';
import type { Recipe } from './presets/recipe.js';

/**
 * The amounts of the spec; {} for none.
 * @throws TrainyardError INVALID_REQUEST where the request wants to change what is no picture
 */
export function resolveAugment(
  asked: AugmentRequest | undefined,
  recipe: Recipe,
  dataset: ArraysInfo,
): Pick<RunSpec, 'augment'> {
  const wanted = asked ?? recipe.augment ?? 'none';
  if (wanted === 'none') return {};
  const problem = problemOf(dataset);
  if (problem !== null) throw refusal(problem);
  const augment = wanted === 'digits' ? digitsAugmentation : { ...noAugmentation, ...wanted };
  return Object.values(augment).every((amount) => amount === 0) ? {} : { augment };
}

/** @throws TrainyardError INVALID_REQUEST */
export function refuseAugmentOfTable(asked: AugmentRequest | undefined, name: string): void {
  if (asked === undefined || asked === 'none') return;
  throw refusal(`${name} is a table`);
}

/** Whether the samples are pictures that augmentation can change. */
export function arePictures(dataset: ArraysInfo): boolean {
  return problemOf(dataset) === null;
}

function problemOf({ name, inputs, scaling }: ArraysInfo): string | null {
  if (scaling === null) return `the samples of ${name} are not bytes`;
  // Smaller ones have no room for a drawing.
  if (!Number.isInteger(Math.sqrt(inputs)) || inputs < 16)
    return `the ${inputs} numbers of a sample of ${name} do not form a square`;
  return null;
}

function refusal(problem: string): TrainyardError {
  const message = `augment is for square pictures in bytes, and ${problem}. Leave it out.`;
  return new TrainyardError('INVALID_REQUEST', message, { pointer: '/augment' });
}
