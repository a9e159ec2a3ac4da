/** What the columns of a table are worth to a model, as bars. */
import { useState } from 'preact/hooks';
import { formatNumber } from '../../parts/format.js';
import { Section } from '../../parts/page.js';
import type { Evaluation } from '../../service/api.js';

const shownAtFirst = 12;

export function Importance({ importance }: { importance: NonNullable<Evaluation['importance']> }) {
  const [isAll, setIsAll] = useState(false);
  const { columns, figure, rows } = importance;
  const most = Math.max(...columns.map(({ mean }) => mean), Number.MIN_VALUE);
  const shown = isAll ? columns : columns.slice(0, shownAtFirst);
  return (
    <Section title="Which columns matter">
      <p class="muted">
        How much worse the {figure === 'rmse' ? 'typical error' : 'log loss'} gets when the cells of a column
        are shuffled, on {formatNumber(rows)} rows. Columns that tell the same share it.
      </p>
      <ol class="plain-list bars" aria-label="Columns, the most important first">
        {shown.map(({ column, mean, std }) => (
          <li key={column} title={`${formatNumber(mean, 3)} ± ${formatNumber(std, 2)}`}>
            <span class="bar-name">{column}</span>
            <span class="bar-track">
              <span style={{ width: `${Math.max(0, (100 * mean) / most)}%` }} />
            </span>
            <span class="bar-value small muted">{formatNumber(Math.max(0, mean), 2)}</span>
          </li>
        ))}
      </ol>
      {columns.length > shownAtFirst && (
        <button type="button" class="small-button" onClick={() => setIsAll(!isAll)}>
          {isAll ? 'Show fewer' : `Show all ${columns.length}`}
        </button>
      )}
    </Section>
  );
}
