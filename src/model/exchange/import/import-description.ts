/** What the sender of a foreign network says of it: what its file does not carry. */
import { TrainyardError } from '../../../errors.js';
import type { Activation } from '../../network/network.js';

/** A document. */
export interface ImportDescription {
  /** Of the hidden layers: one for all of them, or one for each. */
  activations?: Activation | Activation[];
  /** The modules of the linear layers, first to last, where the file does not say it. */
  layers?: string[];
  /** The classes, in the order of the outputs. A network with one output, a logit, has two. */
  labels?: string[];
  /** The values that the outputs are, in their order; with `mean` and `std` the outputs are standardised. */
  values?: (string | { name: string; mean?: number; std?: number })[];
  temperature?: number;
  threshold?: { positive: string; at_least: number };
  /** (x / divide_by − mean) / std for every input. */
  scaling?: { divide_by?: number; mean?: number; std?: number };
  /** The columns that become the inputs, in the order of the inputs. */
  columns?: DescribedColumn[];
  /** The columns of a table that the network learned to predict. */
  target?: string[];
}

/**
 * A number becomes (x − mean) / std, with `fill` in place of a missing x, by default the mean. A boolean becomes a number in the same
 * way: it is 1 or 0. A category becomes one input for each of its levels, 1 for the cell's level and 0 for the others.
 */
export interface DescribedColumn {
  name: string;
  type: 'number' | 'boolean' | 'category';
  mean?: number;
  std?: number;
  fill?: number;
  /** Of a boolean: the texts for 1 and 0, beside true, false, 1 and 0. */
  true?: string[];
  false?: string[];
  /** Of a category. */
  levels?: string[];
  /** Of a category: whether there is an input for all other levels, after those of its levels. */
  other?: boolean;
  /** Whether there is an input, the last of the column, that is 1 where the cell is missing. */
  missing_flag?: boolean;
}

/** @throws TrainyardError INVALID_REQUEST */
export function refuseDescription(field: keyof ImportDescription, message: string): never {
  throw new TrainyardError('INVALID_REQUEST', message, { pointer: `/description/${field}` });
}

/** Refuses those of the fields that the description has. @throws TrainyardError INVALID_REQUEST */
export function refuseFields(
  description: ImportDescription,
  fields: readonly string[],
  reason: string,
): void {
  for (const field of fields as (keyof ImportDescription)[]) {
    if (description[field] !== undefined) refuseDescription(field, `${reason}: leave out ${field}.`);
  }
}
