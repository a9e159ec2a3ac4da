/** A form of the columns of a table, filled in with what is typical. */
import { useState } from 'preact/hooks';
import { CellField } from '../pages/models/cell-field.js';
import { columnOf, initialCells, rowOf, type Cells } from '../pages/models/cells.js';
import type { Column } from '../pages/models/model-data.js';
import { usePrediction } from '../pages/models/use-prediction.js';
import { Section } from '../parts/page.js';
import { AnswerSection } from './answer-section.js';
import type { StandaloneModel } from './model.js';

export function TableForm({ model, columns }: { model: StandaloneModel; columns: readonly Column[] }) {
  const [cells, setCells] = useState<Cells>(() => initialCells(columns));
  const { answer, error } = usePrediction(
    () => model.predict([rowOf(columns, cells)]),
    [JSON.stringify(cells)],
  );
  const wrong = columnOf((error as { pointer?: string } | undefined)?.pointer);
  return (
    <div class="try-it">
      <Section
        title="Fill in"
        actions={
          <button type="button" class="small-button" onClick={() => setCells(initialCells(columns))}>
            Reset
          </button>
        }
      >
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
      </Section>
      <AnswerSection model={model} answer={answer} error={error} />
    </div>
  );
}
