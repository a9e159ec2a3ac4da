/** A confusion matrix as a table whose colours show where the mistakes are. */
import { formatNumber, formatPercent } from '../../parts/format.js';

/** With more classes the cells are too small for numbers. */
const mostWithNumbers = 12;

export function ConfusionMatrix({
  labels,
  confusion,
}: {
  labels: readonly string[];
  confusion: readonly (readonly number[])[];
}) {
  const isDense = labels.length > mostWithNumbers;
  return (
    <div class="table-frame" role="region" aria-label="Confusion matrix" tabIndex={0}>
      <table class={`confusion ${isDense ? 'dense' : ''}`}>
        <caption class="small muted">
          Rows: the actual class. Columns: the answer. On the diagonal the answer is right.
        </caption>
        <thead>
          <tr>
            <td />
            {labels.map((label, given) => (
              <th key={given} scope="col" title={label}>
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {confusion.map((row, actual) => {
            const total = row.reduce((sum, count) => sum + count, 0);
            return (
              <tr key={actual}>
                <th scope="row" title={labels[actual]}>
                  {labels[actual]}
                </th>
                {row.map((count, given) => (
                  <td
                    key={given}
                    style={{ background: shade(count / (total || 1), actual === given) }}
                    title={`${labels[actual] ?? ''}, answered ${labels[given] ?? ''}: ${formatNumber(count)} of ${formatNumber(total)} (${formatPercent(count / (total || 1), 1)})`}
                  >
                    {count > 0 && (
                      <span class={isDense ? 'visually-hidden' : undefined}>{formatNumber(count)}</span>
                    )}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** Rare mistakes must be seen too, so the colour grows with a root. Text stays readable on it. */
function shade(fraction: number, isRight: boolean): string {
  const percent = Math.round(48 * fraction ** (isRight ? 0.5 : 0.35));
  return `color-mix(in srgb, var(${isRight ? '--accent' : '--bad'}) ${percent}%, var(--surface))`;
}
