/** Why the service chose as it did, one sentence a choice. */
import { formatName } from '../../parts/format.js';
import type { Plan } from './training-request.js';

const titles: Record<string, string> = {
  'network.hidden': 'Hidden layers',
  'optimizer.schedule': 'Learning rate over time',
  optimizer: 'Optimiser',
  publish: 'Epoch that is kept',
};

export function Reasons({ plan: { spec } }: { plan: Plan }) {
  const reasons = Object.entries(spec.reasons ?? {});
  if (reasons.length === 0) return null;
  return (
    <details>
      <summary>Why these values</summary>
      <dl class="recipe-reasons">
        {reasons.map(([field, reason]) => (
          <>
            <dt>{titles[field] ?? formatName(field)}</dt>
            <dd>{reason}</dd>
          </>
        ))}
      </dl>
    </details>
  );
}
