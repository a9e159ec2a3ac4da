/** The cells of a row as they are typed, and as they are sent. */
import type { Column } from './model-data.js';

/** By the name of the column; '' where there is no value. */
export type Cells = Record<string, string>;

export function initialCells(columns: readonly Column[]): Cells {
  return Object.fromEntries(columns.map((column) => [column.name, textOf(typicalOf(column))]));
}

/** Numbers without more digits than one wants to read. */
export function typicalOf({ typical, type }: Column): string | number | boolean | null {
  if (typical === undefined) return null;
  return type === 'number' && typeof typical === 'number' ? Number(typical.toPrecision(6)) : typical;
}

export function textOf(cell: unknown): string {
  if (cell === null || cell === undefined) return '';
  return typeof cell === 'string' ? cell : JSON.stringify(cell);
}

/** A text that is no number is sent as it is: the service says what is wrong with it, or reads it as in a file. */
export function rowOf(columns: readonly Column[], cells: Cells): Record<string, unknown> {
  return Object.fromEntries(columns.map(({ name, type }) => [name, cellOf(cells[name] ?? '', type)]));
}

function cellOf(text: string, type: Column['type']): string | number | boolean | null {
  if (text.trim() === '') return null;
  if (type === 'number' && Number.isFinite(Number(text))) return Number(text);
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

/** The column of the only row that an error points to: `/inputs/0/age` → age. */
export function columnOf(pointer: string | undefined): string | undefined {
  const part = /^\/inputs\/0\/([^/]+)$/.exec(pointer ?? '')?.[1];
  return part?.replaceAll('~1', '/').replaceAll('~0', '~');
}
