/** The rows of a table as they are read, a page at a time. */
import { useState } from 'preact/hooks';
import { formatNumber } from '../../parts/format.js';
import { ErrorNotice } from '../../parts/notice.js';
import { useResource } from '../../parts/use-resource.js';
import { api, type Dataset } from '../../service/api.js';

const pageSize = 20;

export function RowsPreview({ dataset: { name, version, columns, rows } }: { dataset: Dataset }) {
  const [after, setAfter] = useState(0);
  const path = { name, version: String(version) };
  const { data, error } = useResource(
    (signal) =>
      api.get('/v1/datasets/{name}/versions/{version}/rows', {
        params: { path, query: { after, limit: pageSize } },
        signal,
      }),
    [name, version, after],
  );
  if (error !== undefined) return <ErrorNotice error={error} />;
  if (!data) return <p class="loading" aria-busy="true" />;
  const last = after + data.data.length;
  return (
    <>
      <div class="table-frame" role="region" aria-label="Rows" tabIndex={0}>
        <table>
          <caption class="visually-hidden">Rows</caption>
          <thead>
            <tr>
              <th scope="col" class="number">
                Row
              </th>
              {columns.map((column) => (
                <th key={column.name} scope="col" class={column.type === 'number' ? 'number' : undefined}>
                  {column.name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {data.data.map((row, i) => (
              <tr key={data.first_row + i}>
                <td class="number muted">{formatNumber(data.first_row + i)}</td>
                {columns.map((column) => (
                  <Cell key={column.name} value={row[column.name]} isNumber={column.type === 'number'} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div class="row spread">
        <p class="small muted" aria-live="polite">
          Rows {formatNumber(after + 1)} to {formatNumber(last)} of {formatNumber(rows)}
        </p>
        <div class="actions">
          <button
            type="button"
            disabled={after === 0}
            onClick={() => setAfter(Math.max(0, after - pageSize))}
          >
            Earlier
          </button>
          <button type="button" disabled={!data.has_more} onClick={() => setAfter(last)}>
            Later
          </button>
        </div>
      </div>
    </>
  );
}

function Cell({ value, isNumber }: { value: unknown; isNumber: boolean }) {
  if (value === null || value === undefined) return <td class={isNumber ? 'number muted' : 'muted'}>–</td>;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return (
    <td class={isNumber ? 'number' : 'cell'} title={text.length > 40 ? text : undefined}>
      {text}
    </td>
  );
}
