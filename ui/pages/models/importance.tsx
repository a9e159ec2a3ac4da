/** What the columns of a table are worth to a model, as bars. */
import { useState } from 'preact/hooks';
import { Bars } from '../../parts/bars.js';
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
      <Bars
        label="Columns, the most important first"
        bars={shown.map(({ column, mean, std }) => ({
          name: column,
          share: Math.max(0, mean / most),
          value: formatNumber(Math.max(0, mean), 2),
          title: `${formatNumber(mean, 3)} ± ${formatNumber(std, 2)}`,
        }))}
      />
      {columns.length > shownAtFirst && (
        <button type="button" class="small-button" onClick={() => setIsAll(!isAll)}>
          {isAll ? 'Show fewer' : `Show all ${columns.length}`}
        </button>
      )}
    </Section>
  );
}
