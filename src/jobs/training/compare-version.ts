/** Whether a run that trains a version again ends with the same bits. */
import { digestOf } from '../../model/files/manifest.js';
import { decodeModelFile } from '../../model/files/model-file.js';
import type { StateDict } from '../../model/network/network.js';
import type { Registry } from '../../model/registry/registry.js';
import type { ReproducedPin, Reproduction } from '../runs/reproduction.js';

/** `file` is what the run would have published. */
export async function compareWithVersion(
  registry: Pick<Registry, 'load'>,
  { model, version, sha256: expected }: ReproducedPin,
  file: Buffer,
): Promise<Reproduction> {
  const { sha256 } = digestOf(file);
  const found = { model, version, equal: sha256 === expected, sha256, expected_sha256: expected };
  if (found.equal) return found;
  // It may be gone since: its digest is known.
  const original = await registry.load(model, version).catch(() => null);
  const { parameters } = decodeModelFile(file);
  return { ...found, largest_difference: original && largestDifference(parameters, original.parameters) };
}

/** null: they are not of the same shapes. */
function largestDifference(one: StateDict, other: StateDict): number | null {
  let largest = 0;
  for (const [name, { data }] of one) {
    const tensor = other.get(name);
    if (tensor?.data.length !== data.length) return null;
    for (const [i, value] of data.entries())
      largest = Math.max(largest, Math.abs(value - (tensor.data[i] ?? NaN)));
  }
  return one.size === other.size ? largest : null;
}
