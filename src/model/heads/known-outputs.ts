/** Which outputs of one head another head has too: what a network that starts from another's parameters keeps of its last layer. */
import type { KnownOutput } from '../network/warm-start.js';
import type { Head, ValueScaling } from './head.js';

/**
 * (outputs of `to`) null: `from` does not have it. Classes are found by their labels and values by their names. Standardised values
 * keep their unit: what the network says of a row stays the same.
 */
export function knownOutputs(from: Head, to: Head): (KnownOutput | null)[] {
  const names = namesOf(from);
  return namesOf(to).map((name, output) => {
    const index = names.indexOf(name);
    if (index === -1 || from.kind !== to.kind) return null;
    const [before, after] = [scalingOf(from, index), scalingOf(to, output)];
    return { index, scale: before.std / after.std, shift: (before.mean - after.mean) / after.std };
  });
}

function namesOf(head: Head): string[] {
  return head.kind === 'classes' ? head.labels : head.names;
}

function scalingOf(head: Head, output: number): ValueScaling {
  const scaling = head.kind === 'values' ? head.scaling?.[output] : undefined;
  return scaling ?? { mean: 0, std: 1 };
}
