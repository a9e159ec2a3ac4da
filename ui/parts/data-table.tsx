/** A table that scrolls inside itself on narrow screens, sorted by a column if its reader wants. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

export interface Column<Row> {
  id: string;
  title: string;
  cell: (row: Row) => ComponentChildren;
  /** What to sort by; without it the column cannot be sorted. Rows without a value come last. */
  sortBy?: (row: Row) => number | string | null | undefined;
  /** Numbers stand to the right. */
  isNumber?: boolean;
}

interface Order {
  id: string;
  descending: boolean;
}

export function DataTable<Row>({
  label,
  columns,
  rows,
  keyOf,
  order: firstOrder,
}: {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string | number;
  order?: Order;
}) {
  const [order, setOrder] = useState<Order | undefined>(firstOrder);
  const sorted = order === undefined ? rows : sortRows(rows, columns, order);
  const toggle = (id: string): void =>
    setOrder({ id, descending: order?.id === id ? !order.descending : false });
  return (
    <div class="table-frame" role="region" aria-label={label} tabIndex={0}>
      <table>
        <caption class="visually-hidden">{label}</caption>
        <thead>
          <tr>
            {columns.map(({ id, title, sortBy, isNumber }) => (
              <th key={id} scope="col" class={isNumber ? 'number' : undefined} aria-sort={sortOf(order, id)}>
                {sortBy ? (
                  <button type="button" class="sort" onClick={() => toggle(id)}>
                    {title}
                    <span aria-hidden="true">{order?.id === id ? (order.descending ? ' ↓' : ' ↑') : ''}</span>
                  </button>
                ) : (
                  title
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map(({ id, cell, isNumber }) => (
                <td key={id} class={isNumber ? 'number' : undefined}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function sortOf(order: Order | undefined, id: string): 'ascending' | 'descending' | undefined {
  if (order?.id !== id) return undefined;
  return order.descending ? 'descending' : 'ascending';
}

function sortRows<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  { id, descending }: Order,
): Row[] {
  const valueOf = columns.find((column) => column.id === id)?.sortBy;
  if (!valueOf) return [...rows];
  return [...rows].sort((one, other) => {
    const [a, b] = [valueOf(one) ?? null, valueOf(other) ?? null];
    if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
    const difference =
      typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b));
    return descending ? -difference : difference;
  });
}
