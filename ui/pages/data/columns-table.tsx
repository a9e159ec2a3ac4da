/** What each column of a table is, why, what is missing, how its values are spread, and what to look at. */
import { formatNumber, formatPercent } from '../../parts/format.js';
import type { Profile, ProfiledColumn, Warning } from './dataset.js';
import { Distribution } from './distribution.js';

export function ColumnsTable({ profile, target }: { profile: Profile; target: readonly string[] }) {
  return (
    <div class="table-frame" role="region" aria-label="Columns" tabIndex={0}>
      <table>
        <caption class="visually-hidden">Columns</caption>
        <thead>
          <tr>
            <th scope="col">Column</th>
            <th scope="col">Type</th>
            <th scope="col">Values</th>
            <th scope="col" class="number">
              Missing
            </th>
            <th scope="col" class="number">
              Different
            </th>
            <th scope="col">Why, and what to look at</th>
          </tr>
        </thead>
        <tbody>
          {profile.columns.map((column) => (
            <tr key={column.name}>
              <td>
                <span class="column-name">{column.name}</span>
                {target.includes(column.name) && (
                  <div>
                    <span class="badge running">target</span>
                  </div>
                )}
                {column.role === 'ignore' && (
                  <div>
                    <span class="badge off">left out</span>
                  </div>
                )}
              </td>
              <td>{column.type}</td>
              <td>
                <Distribution column={column} rows={profile.rows} />
              </td>
              <td class="number">
                <Missing column={column} rows={profile.rows} />
              </td>
              <td class="number">{formatNumber(column.distinct)}</td>
              <td class="column-notes small">
                <p class="muted">{column.reason}</p>
                <ColumnWarnings warnings={profile.warnings} name={column.name} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Missing({ column: { missing }, rows }: { column: ProfiledColumn; rows: number }) {
  if (missing === 0) return <span class="muted">0</span>;
  return (
    <>
      {formatNumber(missing)}
      <div class="small muted">{formatPercent(missing / Math.max(1, rows), 1)}</div>
    </>
  );
}

/** Missing values have a column of their own. */
function ColumnWarnings({ warnings, name }: { warnings: readonly Warning[]; name: string }) {
  const own = warnings.filter(({ column, code }) => column === name && code !== 'MISSING_VALUES');
  return own.map(({ code, message, lines }) => (
    <p key={code} class="warning-line">
      {message}
      {lines !== undefined && lines.length > 0 && ` Lines ${lines.slice(0, 5).join(', ')}.`}
    </p>
  ));
}
