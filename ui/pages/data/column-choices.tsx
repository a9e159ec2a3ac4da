/** What a job does with each column of a table, and as what it reads it. */
import { formatNumber } from '../../parts/format.js';
import type { Profile, ProfiledColumn } from './dataset.js';
import { Distribution } from './distribution.js';
import type { Changes, Choices, ColumnChange, ColumnRole, ColumnType } from './training-request.js';

const roles: readonly (readonly [ColumnRole, string])[] = [
  ['feature', 'Learn from it'],
  ['ignore', 'Leave it out'],
  ['weight', 'Weigh the rows by it'],
];
const types: readonly ColumnType[] = ['number', 'category', 'boolean', 'datetime'];

export function ColumnChoices({
  profile,
  choices,
  onChange,
}: {
  profile: Profile;
  choices: Choices;
  onChange: (changes: Changes) => void;
}) {
  const changeColumn = (column: ProfiledColumn, change: ColumnChange): void => {
    const columns = new Map(choices.columns);
    const { type, role } = { ...columns.get(column.name), ...change };
    const next = {
      ...(type !== undefined && type !== column.type && { type }),
      ...(role !== undefined && role !== column.role && { role }),
    };
    if (Object.keys(next).length === 0) columns.delete(column.name);
    else columns.set(column.name, next);
    onChange({ columns });
  };
  return (
    <div class="table-frame tall" role="region" aria-label="Columns to learn from" tabIndex={0}>
      <table>
        <caption class="visually-hidden">Columns to learn from</caption>
        <thead>
          <tr>
            <th scope="col">Column</th>
            <th scope="col">Use</th>
            <th scope="col">Type</th>
            <th scope="col">Values</th>
            <th scope="col" class="number">
              Missing
            </th>
          </tr>
        </thead>
        <tbody>
          {profile.columns.map((column) => (
            <ColumnRow
              key={column.name}
              column={column}
              rows={profile.rows}
              isTarget={column.name === choices.target}
              change={choices.columns.get(column.name) ?? {}}
              onChange={(change) => changeColumn(column, change)}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function ColumnRow({
  column,
  rows,
  isTarget,
  change,
  onChange,
}: {
  column: ProfiledColumn;
  rows: number;
  isTarget: boolean;
  change: ColumnChange;
  onChange: (change: ColumnChange) => void;
}) {
  const { name, missing, reason } = column;
  const type = change.type ?? column.type;
  const offered = types.includes(column.type) ? types : [column.type, ...types];
  return (
    <tr>
      <td>
        <span class="column-name">{name}</span>
        <p class="column-notes small muted">
          {change.type !== undefined
            ? 'You changed the type.'
            : change.role !== undefined
              ? 'You changed the use.'
              : reason}
        </p>
      </td>
      <td>
        {isTarget ? (
          <span class="badge running">predicted</span>
        ) : (
          <select
            aria-label={`What to do with ${name}`}
            value={change.role ?? column.role}
            onChange={({ currentTarget }) => onChange({ role: currentTarget.value as ColumnRole })}
          >
            {roles.map(([role, title]) => (
              <option key={role} value={role}>
                {title}
              </option>
            ))}
          </select>
        )}
      </td>
      <td>
        <select
          aria-label={`Type of ${name}`}
          value={type}
          onChange={({ currentTarget }) => onChange({ type: currentTarget.value as ColumnType })}
        >
          {offered.map((each) => (
            <option key={each} value={each}>
              {each}
            </option>
          ))}
        </select>
      </td>
      <td>
        <Distribution column={column} rows={rows} />
      </td>
      <td class="number">{formatNumber(missing)}</td>
    </tr>
  );
}
