/** A table with a column of each type and names that objects inherit, and models fitted on it. */
import type { CellFormat } from '../../src/lib/cells/cell-format.js';
import { readColumn, type Cell } from '../../src/lib/cells/columns.js';
import { encodeModelFile, type ModelDescription } from '../../src/model/files/model-file.js';
import { classHead, type Head } from '../../src/model/heads/head.js';
import {
  fitTable,
  type ColumnPlan,
  type Encoding,
  type TablePreprocessing,
} from '../../src/model/preprocessing/table.js';
import { parametersOf } from './small-model.js';

export const formats = {
  number: { type: 'number', decimal: '.', grouping: '', missing: ['na'] },
  decimalComma: { type: 'number', decimal: ',', grouping: '', missing: [] },
  boolean: { type: 'boolean', true: ['yes'], false: ['no'], missing: [] },
  datetime: { type: 'datetime', order: 'ymd', missing: [] },
  category: { type: 'category', missing: ['?'] },
} satisfies Record<string, CellFormat>;

/** The format of each column, which is named for it, and its cells as a CSV file has them. */
export interface TestColumn {
  name: string;
  format: CellFormat;
  texts: readonly (string | null)[];
}

export const houses: readonly TestColumn[] = [
  { name: 'area', format: formats.number, texts: ['50', '80.5', 'na', '120', '64', '1e3'] },
  { name: 'city', format: formats.category, texts: ['Oslo', 'Rome', 'Oslo', '', 'Paris', 'Oslo'] },
  { name: 'garden', format: formats.boolean, texts: ['yes', 'no', 'no', 'yes', null, 'no'] },
  {
    name: 'sold',
    format: formats.datetime,
    texts: ['2024-01-05', '2024-03-06', '2023-12-24', '2022-02-02', '2024-05-05', '2021-01-01'],
  },
  { name: '__proto__', format: formats.decimalComma, texts: ['1,5', '2', '3,25', '4', '5', '6'] },
  { name: 'constructor', format: formats.category, texts: ['a', 'b', 'a', 'b', 'a', 'b'] },
  { name: 'toString', format: formats.category, texts: ['x', 'x', 'y', 'y', 'z', 'z'] },
];

function planOf({ name, format, texts }: TestColumn): ColumnPlan {
  const { column } = readColumn(format, texts);
  const present = texts.filter((_, row) =>
    column.kind === 'numbers' ? !Number.isNaN(column.values[row]) : (column.codes[row] ?? -1) >= 0,
  );
  return { name, format, distinct: new Set(present).size, hasMissing: present.length < texts.length };
}

/** Fitted on all rows, or on those that are chosen. */
export function fitted(
  columns: readonly TestColumn[],
  rows?: readonly number[],
  encoding: Encoding = 'standard',
): TablePreprocessing {
  const count = columns[0]?.texts.length ?? 0;
  const chosen = Uint32Array.from(rows ?? Array.from({ length: count }, (_, row) => row));
  const read = columns.map(({ format, texts }) => readColumn(format, texts).column);
  const plans = columns.map((column) => ({ ...planOf(column), encoding }));
  return fitTable(plans, read, chosen, { targets: ['price'], ignored: ['id'] });
}

/** The cells of a row by name, as JSON.parse would make them. */
export function namedRow(columns: readonly TestColumn[], row: number): Record<string, Cell> {
  return Object.fromEntries(columns.map(({ name, texts }) => [name, texts[row] ?? null]));
}

export function tableDescription(
  preprocessing: TablePreprocessing,
  head: Head = classHead('cross_entropy', ['cheap', 'dear']),
): ModelDescription {
  const outputs = head.kind === 'classes' ? head.labels.length : head.names.length;
  const network = {
    inputs: preprocessing.width,
    hidden: [{ units: 4, activation: 'relu' as const, dropout: 0 }],
    outputs,
  };
  return { format_version: 2, network, head, scaling: null, preprocessing };
}

export function tableModelFile(preprocessing: TablePreprocessing, head?: Head): Buffer {
  const description = tableDescription(preprocessing, head);
  return encodeModelFile(description, parametersOf(description.network, 1));
}

/** Predicts prices in thousands from an area, a city and a garden: the rows of the examples for :regress. */
export function priceModelFile(): Buffer {
  const columns = [
    { name: 'area', format: formats.number, texts: ['83.5', '41', '120', '64'] },
    { name: 'city', format: formats.category, texts: ['Oslo', 'Rome', 'Oslo', 'Rome'] },
    { name: 'garden', format: formats.boolean, texts: ['yes', 'no', null, 'no'] },
  ];
  const scaling = [{ mean: 400, std: 120 }];
  return tableModelFile(fitted(columns), { kind: 'values', names: ['price'], scaling });
}
