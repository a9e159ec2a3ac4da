/** How much the classes of a job weigh, once it is known which they are. */
import type { Targets } from '../../data/dataset.js';
import { nearestTo } from '../../lib/nearest-word.js';
import type { ClassWeight } from '../runs/run-spec.js';
import { invalid, listed, quoted } from './table-columns.js';

/** @throws TrainyardError INVALID_REQUEST with what to change */
export function resolveClassWeight(wanted: ClassWeight, targets: Targets): ClassWeight {
  if (wanted === 'none') return wanted;
  if (targets.kind === 'values')
    throw invalid('/class_weight', 'class_weight needs classes, and the job learns numbers.');
  if (wanted === 'balanced') return wanted;
  if (typeof wanted === 'string') {
    const message = `class_weight must be none, balanced, or weights by class, such as {${quoted(targets.labels[0] ?? '')}: 2}.`;
    throw invalid('/class_weight', message);
  }
  for (const label of Object.keys(wanted)) {
    if (targets.labels.includes(label)) continue;
    const near = nearestTo(label, targets.labels);
    const hint =
      near === undefined ? `The classes: ${listed(targets.labels)}.` : `Did you mean ${quoted(near)}?`;
    throw invalid('/class_weight', `There is no class ${quoted(label)}. ${hint}`);
  }
  if (targets.labels.some((label) => (Object.hasOwn(wanted, label) ? wanted[label] : 1) !== 0)) return wanted;
  throw invalid('/class_weight', 'At least one class must weigh more than 0.');
}
