/** A few rows behind a cell of the confusion matrix: as pictures, or with their columns. */
import { formatNumber } from '../../parts/format.js';
import { PaintedCanvas } from '../../parts/painted-canvas.js';
import { pixelImage } from '../../parts/pixel-image.js';
import { useResource } from '../../parts/use-resource.js';
import { api, type Evaluation } from '../../service/api.js';
import { linkTo } from '../../shell/router.js';

export function CellExamples({
  evaluation,
  rows,
  title,
  count,
  side,
}: {
  evaluation: Evaluation;
  rows: readonly number[];
  title: string;
  count: number;
  side: number | undefined;
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
          {side === undefined ? (
            <TableRows evaluation={evaluation} rows={rows} />
          ) : (
            <Pictures evaluation={evaluation} rows={rows} side={side} />
          )}
        </>
      )}
    </div>
  );
}

function Pictures({
  evaluation: { dataset, examples },
  rows,
  side,
}: {
  evaluation: Evaluation;
  rows: readonly number[];
  side: number;
}) {
  const part = examples?.split === 'validation' ? 'train' : 'test';
  const { data, error } = useResource(
    (signal) =>
      api.get('/v1/datasets/{name}/versions/{version}/samples', {
        params: {
          path: { name: dataset.name, version: String(dataset.version ?? 1) },
          query: { part, rows: rows.join(',') },
        },
        signal,
      }),
    [dataset.name, dataset.version, part, rows.join()],
  );
  if (error !== undefined) return <RowNumbers rows={rows} />;
  return (
    <ul class="plain-list pictures">
      {rows.map((row) => (
        <li key={row}>
          <Picture pixels={data?.data.find((each) => each.row === row)?.inputs} side={side} row={row} />
          <span class="small muted">{formatNumber(row)}</span>
        </li>
      ))}
    </ul>
  );
}

function Picture({ pixels, side, row }: { pixels: number[] | undefined; side: number; row: number }) {
  const paint = (context: CanvasRenderingContext2D, width: number): void => {
    context.imageSmoothingEnabled = false;
    const image = pixelImage(side, side, (pixel) => {
      const grey = pixels?.[pixel] ?? 0;
      return [grey, grey, grey];
    });
    context.drawImage(image, 0, 0, width, width);
  };
  return (
    <PaintedCanvas
      class="picture-of-row"
      label={`The picture of row ${row}`}
      ratio={1}
      paint={paint}
      inputs={[pixels]}
    />
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
                <a
                  href={linkTo(['models', model.name], {
                    version: String(model.version),
                    tab: 'try',
                    row: String(row),
                  })}
                >
                  {formatNumber(row)}
                </a>
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

/** Where the dataset is gone, or may not be read. */
function RowNumbers({ rows }: { rows: readonly number[] }) {
  return (
    <p class="muted">
      Rows {rows.map((row) => formatNumber(row)).join(', ')}, counted from 0. The dataset cannot be read now.
    </p>
  );
}

export function cellText(cell: unknown): string {
  if (cell === null || cell === undefined) return '–';
  if (typeof cell === 'number') return formatNumber(cell);
  return typeof cell === 'string' ? cell : JSON.stringify(cell);
}
