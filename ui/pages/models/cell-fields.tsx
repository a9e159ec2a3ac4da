/** The fields of all columns of a row, each with what the answer says of its cell. */
import type { Dispatch, StateUpdater } from 'preact/hooks';
import { CellField } from './cell-field.js';
import type { Cells } from './cells.js';
import type { Column } from './model-data.js';
import type { PredictionAnswer } from './use-prediction.js';

export function CellFields({
  columns,
  cells,
  setCells,
  answer,
  wrong,
  error,
}: {
  columns: readonly Column[];
  cells: Cells;
  setCells: Dispatch<StateUpdater<Cells>>;
  answer: PredictionAnswer | undefined;
  /** The column whose cell is refused, if one is. */
  wrong: string | undefined;
  /** Why. */
  error: unknown;
}) {
  return (
    <form class="fields try-fields" onSubmit={(event) => event.preventDefault()}>
      {columns.map((column) => (
        <CellField
          key={column.name}
          column={column}
          text={cells[column.name] ?? ''}
          warning={answer?.warnings?.find((each) => each.column === column.name)?.message}
          error={wrong === column.name && error instanceof Error ? error.message : undefined}
          onChange={(text) => setCells((all) => ({ ...all, [column.name]: text }))}
        />
      ))}
    </form>
  );
}
