/** The confusion matrix: which class was taken for which, and rows behind the cell that one chooses. */
import { useState } from 'preact/hooks';
import { formatNumber, formatPercent } from '../../parts/format.js';
import { Section } from '../../parts/page.js';
import type { Evaluation } from '../../service/api.js';
import { CellExamples } from './cell-examples.js';

interface Cell {
  actual: number;
  given: number;
}

/** With more classes the cells are too small for numbers. */
const mostWithNumbers = 14;

export function CellMatrix({
  evaluation,
  labels,
  confusion,
  side,
}: {
  evaluation: Evaluation;
  labels: readonly string[];
  confusion: readonly (readonly number[])[];
  side: number | undefined;
}) {
  const { examples } = evaluation;
  const [cell, setCell] = useState<Cell>(() => worstCell(confusion));
  const isDense = labels.length > mostWithNumbers;
  return (
    <Section title="What it takes for what">
      <div class="matrix-and-examples">
        <div class="table-frame" role="region" aria-label="Confusion matrix" tabIndex={0}>
          <table class={`cells ${isDense ? 'dense' : ''}`}>
            <caption class="small muted">
              Rows: what it is. Columns: what it answered. Choose a cell to see rows behind it.
            </caption>
            <thead>
              <tr>
                <td />
                {labels.map((label) => (
                  <th key={label} scope="col" title={label}>
                    {label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {confusion.map((row, actual) => (
                <tr key={actual}>
                  <th scope="row" title={labels[actual]}>
                    {labels[actual]}
                  </th>
                  {row.map((count, given) => (
                    <td key={given}>
                      <CellButton
                        labels={labels}
                        cell={{ actual, given }}
                        count={count}
                        total={row.reduce((sum, each) => sum + each, 0)}
                        isChosen={cell.actual === actual && cell.given === given}
                        isDense={isDense}
                        onChoose={setCell}
                      />
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
        {examples && (
          <CellExamples
            evaluation={evaluation}
            rows={examples.rows[cell.actual]?.[cell.given] ?? []}
            title={cellTitle(labels, cell)}
            count={confusion[cell.actual]?.[cell.given] ?? 0}
            side={side}
          />
        )}
      </div>
    </Section>
  );
}

function CellButton({
  labels,
  cell,
  count,
  total,
  isChosen,
  isDense,
  onChoose,
}: {
  labels: readonly string[];
  cell: Cell;
  count: number;
  total: number;
  isChosen: boolean;
  isDense: boolean;
  onChoose: (cell: Cell) => void;
}) {
  const share = count / (total || 1);
  const text = `${cellTitle(labels, cell)}: ${formatNumber(count)} of ${formatNumber(total)} (${formatPercent(share, 1)})`;
  return (
    <button
      type="button"
      class="cell"
      aria-pressed={isChosen}
      aria-label={text}
      title={text}
      style={{ background: shade(share, cell.actual === cell.given) }}
      onClick={() => onChoose(cell)}
    >
      {!isDense && count > 0 ? formatNumber(count, 3) : ''}
    </button>
  );
}

function cellTitle(labels: readonly string[], { actual, given }: Cell): string {
  const [is, answered] = [labels[actual] ?? '', labels[given] ?? ''];
  return actual === given ? `${is}, answered rightly` : `${is}, taken for ${answered}`;
}

/** The commonest mistake, or the first cell where there is none. */
function worstCell(confusion: readonly (readonly number[])[]): Cell {
  let worst = { actual: 0, given: 0, count: 0 };
  for (const [actual, row] of confusion.entries()) {
    for (const [given, count] of row.entries())
      if (actual !== given && count > worst.count) worst = { actual, given, count };
  }
  return worst;
}

/** Rare mistakes must be seen too, so the colour grows with a root. Text stays readable on it. */
function shade(share: number, isRight: boolean): string {
  const percent = Math.round(48 * share ** (isRight ? 0.5 : 0.35));
  return `color-mix(in srgb, var(${isRight ? '--accent' : '--bad'}) ${percent}%, var(--surface))`;
}
