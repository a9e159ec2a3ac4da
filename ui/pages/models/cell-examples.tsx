/** A few rows behind a cell of the confusion matrix: as pictures, or with their columns. */
import type { PictureShape } from '../../parts/pixel-picture.js';
import { formatNumber } from '../../parts/format.js';
import { useResource } from '../../parts/use-resource.js';
import { api, type Evaluation } from '../../service/api.js';
import { Pictures, RowNumbers } from './pictures.js';
import { RowLink } from './row-link.js';

export function CellExamples({
  evaluation,
  rows,
  title,
  count,
  picture,
}: {
  evaluation: Evaluation;
  rows: readonly number[];
  title: string;
  count: number;
  picture: PictureShape | undefined;
}) {
  return (
    <div class="stack cell-examples" aria-live="polite">
      <h3>{title}</h3>
      {rows.length === 0 ? (
        <p class="muted">No row.</p>
      ) : (
        <>
          <p class="small muted">
            {count > rows.length
              ? `The ${rows.length} that it was surest of, of ${formatNumber(count)}.`
              : `In the order of how sure it was.`}
          </p>
          {picture === undefined ? (
            <TableRows evaluation={evaluation} rows={rows} />
          ) : (
            <Pictures
              dataset={evaluation.dataset}
              split={evaluation.examples?.split}
              rows={rows}
              shape={picture}
            >
              {(place) => formatNumber(rows[place])}
            </Pictures>
          )}
        </>
      )}
    </div>
  );
}

function TableRows({ evaluation, rows }: { evaluation: Evaluation; rows: readonly number[] }) {
  const { dataset, model } = evaluation;
  const path = { name: dataset.name, version: String(dataset.version ?? 1) };
  const { data, error } = useResource(
    (signal) =>
      Promise.all(
        rows.map(async (row) => {
          const { data: found } = await api.get('/v1/datasets/{name}/versions/{version}/rows', {
            params: { path, query: { after: row, limit: 1 } },
            signal,
          });
          return { row, cells: found[0] ?? {} };
        }),
      ),
    [path.name, path.version, rows.join()],
  );
  if (error !== undefined) return <RowNumbers rows={rows} />;
  const names = Object.keys(data?.[0]?.cells ?? {});
  return (
    <div class="table-frame" role="region" aria-label="Rows behind the cell" tabIndex={0}>
      <table class="small">
        <caption class="visually-hidden">Rows behind the cell</caption>
        <thead>
          <tr>
            <th scope="col">Row</th>
            {names.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {(data ?? []).map(({ row, cells }) => (
            <tr key={row}>
              <td>
                <RowLink model={model} row={row} />
              </td>
              {names.map((name) => (
                <td key={name}>{cellText(cells[name])}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function cellText(cell: unknown): string {
  if (cell === null || cell === undefined) return '–';
  if (typeof cell === 'number') return formatNumber(cell);
  return typeof cell === 'string' ? cell : JSON.stringify(cell);
}
