/** The confusion matrix: which class was taken for which, and rows behind the cell that one chooses. */
import type { PictureShape } from '../../parts/pixel-picture.js';
import { useState } from 'preact/hooks';
import { cellColour, ConfusionTable, type ConfusionCell } from '../../parts/confusion-table.js';
import { formatNumber, formatPercent } from '../../parts/format.js';
import { Section } from '../../parts/page.js';
import type { Evaluation } from '../../service/api.js';
import { CellExamples } from './cell-examples.js';

type Place = Pick<ConfusionCell, 'actual' | 'given'>;

export function CellMatrix({
  evaluation,
  labels,
  confusion,
  picture,
}: {
  evaluation: Evaluation;
  labels: readonly string[];
  confusion: readonly (readonly number[])[];
  picture: PictureShape | undefined;
}) {
  const { examples } = evaluation;
  const [cell, setCell] = useState<Place>(() => worstCell(confusion));
  return (
    <Section title="What it takes for what">
      <div class="matrix-and-examples">
        <ConfusionTable
          class="cells"
          caption="Rows: what it is. Columns: what it answered. Choose a cell to see rows behind it."
          labels={labels}
          confusion={confusion}
        >
          {(each) => (
            <td key={each.given}>
              <CellButton
                labels={labels}
                cell={each}
                isChosen={cell.actual === each.actual && cell.given === each.given}
                onChoose={setCell}
              />
            </td>
          )}
        </ConfusionTable>
        {examples && (
          <CellExamples
            evaluation={evaluation}
            rows={examples.rows[cell.actual]?.[cell.given] ?? []}
            title={cellTitle(labels, cell)}
            count={confusion[cell.actual]?.[cell.given] ?? 0}
            picture={picture}
          />
        )}
      </div>
    </Section>
  );
}

function CellButton({
  labels,
  cell,
  isChosen,
  onChoose,
}: {
  labels: readonly string[];
  cell: ConfusionCell;
  isChosen: boolean;
  onChoose: (cell: Place) => void;
}) {
  const { count, total, isDense } = cell;
  const share = formatPercent(count / (total || 1), 1);
  const text = `${cellTitle(labels, cell)}: ${formatNumber(count)} of ${formatNumber(total)} (${share})`;
  return (
    <button
      type="button"
      class="cell"
      aria-pressed={isChosen}
      aria-label={text}
      title={text}
      style={{ background: cellColour(cell) }}
      onClick={() => onChoose(cell)}
    >
      {!isDense && count > 0 ? formatNumber(count, 3) : ''}
    </button>
  );
}

function cellTitle(labels: readonly string[], { actual, given }: Place): string {
  const [is, answered] = [labels[actual] ?? '', labels[given] ?? ''];
  return actual === given ? `${is}, answered rightly` : `${is}, taken for ${answered}`;
}

/** The commonest mistake, or the first cell where there is none. */
function worstCell(confusion: readonly (readonly number[])[]): Place {
  let worst = { actual: 0, given: 0, count: 0 };
  for (const [actual, row] of confusion.entries()) {
    for (const [given, count] of row.entries())
      if (actual !== given && count > worst.count) worst = { actual, given, count };
  }
  return worst;
}
