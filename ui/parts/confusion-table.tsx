/** The frame of a confusion matrix: a row for each actual class, a column for each answer. What a cell shows is the caller's. */
import type { ComponentChildren } from 'preact';

/** With more classes the cells are too small for numbers. */
const mostWithNumbers = 12;

export interface ConfusionCell {
  /** The places of the two classes. */
  actual: number;
  given: number;
  count: number;
  /** Of the row. */
  total: number;
  /** Whether cells are too small for numbers. */
  isDense: boolean;
}

export function ConfusionTable({
  class: className,
  caption,
  labels,
  confusion,
  children,
}: {
  /** With the class `dense` beside it where there are many classes. */
  class: string;
  caption: string;
  labels: readonly string[];
  confusion: readonly (readonly number[])[];
  /** A `td`. */
  children: (cell: ConfusionCell) => ComponentChildren;
}) {
  const isDense = labels.length > mostWithNumbers;
  return (
    <div class="table-frame" role="region" aria-label="Confusion matrix" tabIndex={0}>
      <table class={isDense ? `${className} dense` : className}>
        <caption class="small muted">{caption}</caption>
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
                {row.map((count, given) => children({ actual, given, count, total, isDense }))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** Rare mistakes must be seen too, so the colour grows with a root. Text stays readable on it. */
export function cellColour({ actual, given, count, total }: ConfusionCell): string {
  const isRight = actual === given;
  const percent = Math.round(48 * (count / (total || 1)) ** (isRight ? 0.5 : 0.35));
  return `color-mix(in srgb, var(${isRight ? '--accent' : '--bad'}) ${percent}%, var(--surface))`;
}
