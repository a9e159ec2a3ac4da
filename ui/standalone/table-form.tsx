/** A form of the columns of a table, filled in with what is typical. */
import { useState } from 'preact/hooks';
import { CellFields } from '../pages/models/cell-fields.js';
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
        <CellFields
          columns={columns}
          cells={cells}
          setCells={setCells}
          answer={answer}
          wrong={wrong}
          error={error}
        />
      </Section>
      <AnswerSection model={model} answer={answer} error={error} />
    </div>
  );
}
