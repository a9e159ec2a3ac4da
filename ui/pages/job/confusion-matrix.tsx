/** A confusion matrix to look at, as it is after an epoch. */
import { cellColour, ConfusionTable } from '../../parts/confusion-table.js';
import { formatNumber, formatPercent } from '../../parts/format.js';

export function ConfusionMatrix({
  labels,
  confusion,
}: {
  labels: readonly string[];
  confusion: readonly (readonly number[])[];
}) {
  return (
    <ConfusionTable
      class="confusion"
      caption="Rows: the actual class. Columns: the answer. On the diagonal the answer is right."
      labels={labels}
      confusion={confusion}
    >
      {(cell) => {
        const { actual, given, count, total, isDense } = cell;
        return (
          <td
            key={given}
            style={{ background: cellColour(cell) }}
            title={`${labels[actual] ?? ''}, answered ${labels[given] ?? ''}: ${formatNumber(count)} of ${formatNumber(total)} (${formatPercent(count / (total || 1), 1)})`}
          >
            {count > 0 && <span class={isDense ? 'visually-hidden' : undefined}>{formatNumber(count)}</span>}
          </td>
        );
      }}
    </ConfusionTable>
  );
}
