/** A form with a field for each column of a model. An empty field is a missing value. */
import { Field } from '../../parts/field.js';
import { formatNumber } from '../../parts/format.js';
import type { Cell, ModelColumn } from './example-row.js';

export function RowForm({
  columns,
  row,
  warnings,
  onChange,
}: {
  columns: readonly ModelColumn[];
  row: Record<string, Cell>;
  /** By column. */
  warnings: ReadonlyMap<string, string>;
  onChange: (row: Record<string, Cell>) => void;
}) {
  return (
    <form class="fields" onSubmit={(event) => event.preventDefault()}>
      {columns.map((column) => {
        const { name } = column;
        return (
          <Field key={name} label={name} hint={hintOf(column)} error={warnings.get(name)}>
            <CellInput
              column={column}
              value={row[name] ?? null}
              onChange={(cell) => onChange({ ...row, [name]: cell })}
            />
          </Field>
        );
      })}
    </form>
  );
}

/** The field's own attributes, such as its id, are passed on. */
function CellInput({
  column: { type, levels, level_count: levelCount },
  value,
  onChange,
  ...attributes
}: {
  column: ModelColumn;
  value: Cell;
  onChange: (cell: Cell) => void;
}) {
  const choices = type === 'boolean' ? ['true', 'false'] : levelCount === levels?.length ? levels : undefined;
  if (choices) {
    return (
      <select
        {...attributes}
        value={value === null ? '' : String(value)}
        onChange={({ currentTarget }) => onChange(cellOf(type, currentTarget.value))}
      >
        <option value="">missing</option>
        {choices.map((choice) => (
          <option key={choice} value={choice}>
            {choice}
          </option>
        ))}
      </select>
    );
  }
  const shown = value === null ? '' : String(value);
  if (type === 'number') {
    return (
      <input
        {...attributes}
        type="number"
        step="any"
        value={shown}
        onInput={({ currentTarget }) => onChange(cellOf(type, currentTarget.value))}
      />
    );
  }
  return (
    <input
      {...attributes}
      type="text"
      value={shown}
      onInput={({ currentTarget }) => onChange(cellOf(type, currentTarget.value))}
    />
  );
}

function cellOf(type: ModelColumn['type'], text: string): Cell {
  if (text === '') return null;
  if (type === 'number') return Number(text);
  return type === 'boolean' ? text === 'true' : text;
}

function hintOf({ min, max, level_count: count, levels }: ModelColumn): string | undefined {
  if (typeof min === 'number' && typeof max === 'number')
    return `${formatNumber(min)} to ${formatNumber(max)}`;
  if (min !== undefined && max !== undefined) return `${min} to ${max}`;
  if (count !== undefined && levels && count > levels.length)
    return `${count} different, such as ${levels[0] ?? ''}`;
  return undefined;
}
