/** A row that a model could be asked about, from what its columns were in training. */
import type { Schemas } from '../../service/api.js';

export type ModelColumn = NonNullable<Schemas['ModelVersion']['columns']>[number];
export type Cell = string | number | boolean | null;

/** The commonest level of categories, the middle of the range of numbers. */
export function exampleRow(columns: readonly ModelColumn[]): Record<string, Cell> {
  return Object.fromEntries(columns.map((column) => [column.name, exampleCell(column)]));
}

function exampleCell({ type, levels, min, max }: ModelColumn): Cell {
  if (levels && levels.length > 0) return levels[0] ?? null;
  if (type === 'boolean') return true;
  if (typeof min === 'number' && typeof max === 'number') return rounded((min + max) / 2);
  return min ?? null;
}

function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
