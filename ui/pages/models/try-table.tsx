/** A form of the columns of a table, with the answer as one types. */
import { useEffect, useState } from 'preact/hooks';
import { ErrorNotice, Notice } from '../../parts/notice.js';
import { Section } from '../../parts/page.js';
import { api, ApiError, type ModelVersion } from '../../service/api.js';
import { Answer } from './answer.js';
import { cellText } from './cell-examples.js';
import { CellFields } from './cell-fields.js';
import { columnOf, initialCells, rowOf, textOf, type Cells } from './cells.js';
import type { Column, Split } from './model-data.js';
import { usePrediction } from './use-prediction.js';

export function TryTable({
  version,
  columns,
  row,
  residuals,
}: {
  version: ModelVersion;
  columns: readonly Column[];
  row: number | undefined;
  residuals: Split['residuals'];
}) {
  const [cells, setCells] = useState<Cells>(() => initialCells(columns));
  const [taken, setTaken] = useState<{ row: number; targets: string } | null>(null);
  const [missing, setMissing] = useState<unknown>();
  const { answer, error } = usePrediction(
    (signal) =>
      api.post('/predict', {
        body: { model: version.model, version: version.version, inputs: [rowOf(columns, cells)] },
        signal,
      }),
    [version.version, JSON.stringify(cells)],
  );

  const take = async (number: number): Promise<void> => {
    try {
      const found = await takeRow(version, number);
      setCells(Object.fromEntries(columns.map(({ name }) => [name, textOf(found[name])])));
      const targets = (version.target ?? []).map((name) => `${name} is ${cellText(found[name])}`);
      setTaken({ row: number, targets: targets.join(', ') });
      setMissing(undefined);
    } catch (reason) {
      setMissing(reason);
    }
  };
  useEffect(() => {
    if (row !== undefined && Number.isInteger(row)) void take(row);
  }, [row]);

  const warnings = answer?.warnings ?? [];
  const wrong = error instanceof ApiError ? columnOf(error.pointer) : undefined;
  return (
    <div class="try-it">
      <Section
        title="Fill in"
        actions={
          <>
            <button
              type="button"
              class="small-button"
              onClick={() => void take(taken === null ? 0 : taken.row + 1)}
            >
              {taken === null ? 'Take a row of the data' : 'Take the next row'}
            </button>
            <button
              type="button"
              class="small-button"
              onClick={() => {
                setCells(initialCells(columns));
                setTaken(null);
              }}
            >
              Reset
            </button>
          </>
        }
      >
        {missing !== undefined && <ErrorNotice error={missing} title="There is no such row" />}
        <CellFields
          columns={columns}
          cells={cells}
          setCells={setCells}
          answer={answer}
          wrong={wrong}
          error={error}
        />
      </Section>
      <div class="try-answer">
        <Section title="It answers">
          {error !== undefined && wrong === undefined && <ErrorNotice error={error} />}
          <Answer
            prediction={answer?.predictions[0]}
            labels={version.labels}
            name={version.target?.[0]}
            residuals={residuals}
            isOld={error !== undefined}
          />
          {taken !== null && (
            <p class="muted">
              In row {taken.row} of the data {taken.targets}.
            </p>
          )}
          {warnings
            .filter(({ column }) => column === undefined)
            .map(({ code, message }) => (
              <Notice key={code} kind="warning">
                {message}
              </Notice>
            ))}
        </Section>
      </div>
    </div>
  );
}

/** A row of the dataset that the version learned from, counted from 0. */
async function takeRow({ spec }: ModelVersion, number: number): Promise<Record<string, unknown>> {
  const name = spec?.dataset ?? '';
  const version = spec?.dataset_version ?? null;
  const query = { after: number, limit: 1 };
  const { data } =
    version === null
      ? await api.get('/v1/datasets/{name}/rows', { params: { path: { name }, query } })
      : await api.get('/v1/datasets/{name}/versions/{version}/rows', {
          params: { path: { name, version: String(version) }, query },
        });
  const [found] = data;
  if (!found) throw new Error(`${name} has no row ${number}.`);
  return found;
}
