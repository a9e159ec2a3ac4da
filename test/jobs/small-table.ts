/** Tables in memory, as the dataset store gives them. */
import { createHash } from 'node:crypto';
import type { TableContent, TableInfo } from '../../src/data/dataset.js';
import type { ColumnProfile, ColumnSchema } from '../../src/data/table-schema.js';
import { numberReader, type CellFormat, type CellType } from '../../src/lib/cells/cell-format.js';
import { readColumn } from '../../src/lib/cells/columns.js';
import { resolveSpec } from '../../src/jobs/intake/resolve-spec.js';
import type { Source } from '../../src/jobs/intake/resolve-source.js';
import { resolveTable } from '../../src/jobs/intake/resolve-table.js';
import type { JobRequest } from '../../src/jobs/runs/job-request.js';
import type { RunSpec } from '../../src/jobs/runs/run-spec.js';
import type { TrainingDatasets } from '../../src/jobs/training/load-data.js';

export interface SmallTable {
  info: TableInfo;
  content: TableContent;
  /** A store that has this table alone. */
  datasets: TrainingDatasets;
}

/** `csv` without quotes. A column is of the type in `types`, or of numbers where all its cells are, or else a category. */
export function tableOf(
  csv: string,
  {
    name = 'small',
    target = [],
    types = {},
  }: { name?: string; target?: string[]; types?: Record<string, CellType> } = {},
): SmallTable {
  const [header = [], ...rows] = csv
    .trim()
    .split('\n')
    .map((line) => line.split(','));
  const cellsOf = (column: number): string[] => rows.map((row) => row[column] ?? '');
  const info: TableInfo = {
    kind: 'table',
    name,
    version: 3,
    sha256: createHash('sha256').update(csv).digest('hex'),
    target,
    schema: {
      format_version: 1,
      rows: rows.length,
      dialect: {
        format: 'csv',
        compression: null,
        encoding: 'utf-8',
        delimiter: ',',
        escape: '"',
        header: true,
      },
      columns: header.map((each, column) =>
        schemaOf(each, cellsOf(column), new Map(Object.entries(types)).get(each)),
      ),
      warnings: [],
    },
  };
  const content: TableContent = {
    columns: (wanted) =>
      Promise.resolve(
        wanted.map((column) => readColumn(column.format, cellsOf(header.indexOf(column.name))).column),
      ),
    rows: (first, count) => Promise.resolve(rows.slice(first, first + count)),
  };
  const datasets: TrainingDatasets = {
    info: () => Promise.resolve(info),
    openTable: () => Promise.resolve(content),
    load: () => Promise.reject(new Error('A table is not loaded as arrays')),
  };
  return { info, content, datasets };
}

/** The spec of a job on the table. */
export async function specOn(
  { info, content }: SmallTable,
  request: JobRequest = {},
  source: Source | null = null,
): Promise<RunSpec> {
  const resolved = await resolveTable(request, info, content, request.seed ?? 0);
  const limits = { trainingMemoryLimitBytes: 2 ** 30 };
  return resolveSpec(request, { kind: 'table', info, ...resolved }, limits, new Date(0), { source });
}

/** 200 customers: numbers, categories, a date, an id, missing cells; `churned` follows from some of them, and so does `spent`. */
export function churn(): SmallTable {
  const lines = Array.from({ length: 200 }, (_, row) => {
    const [age, tenure, luck] = [20 + hash(row, 1) * 50, hash(row, 2) * 10, hash(row, 3)];
    const city = ['Oslo', 'Bergen', 'Bodø', ''][Math.floor(hash(row, 4) * 4)] ?? '';
    const churned = tenure + (city === 'Oslo' ? 3 : 0) + luck < 6 ? 'Yes' : 'No';
    const spent = (100 + 30 * tenure + (city === 'Bergen' ? 80 : 0) + 10 * luck).toFixed(2);
    return [
      `c-${row}`,
      row % 9 === 4 ? '' : age.toFixed(1),
      tenure.toFixed(2),
      city,
      row % 2 === 0 ? 'true' : 'false',
      `20${10 + Math.floor(row / 20)}-03-${String((row % 28) + 1).padStart(2, '0')}`,
      `h${Math.floor(row / 3)}`,
      String(1 + (row % 4)),
      row % 10 === 7 ? '' : churned,
      spent,
    ].join(',');
  });
  const header = 'customer,age,tenure,city,premium,joined,household,weight,churned,spent';
  const types: Record<string, CellType> = {
    customer: 'id',
    premium: 'boolean',
    joined: 'datetime',
    churned: 'boolean',
  };
  return tableOf([header, ...lines].join('\n'), { name: 'churn', target: ['churned'], types });
}

/** From 0 to 1, as good as random. */
function hash(row: number, part: number): number {
  const x = Math.sin(row * 12.9898 + part * 78.233) * 43_758.5453;
  return x - Math.floor(x);
}

function schemaOf(name: string, cells: string[], wanted?: CellType): ColumnSchema {
  const number: CellFormat = { type: 'number', decimal: '.', grouping: '', missing: [] };
  const isOfNumbers = cells.every((cell) => cell === '' || Number.isFinite(numberReader(number)(cell)));
  const type = wanted ?? (isOfNumbers ? 'number' : 'category');
  const format: CellFormat =
    type === 'number'
      ? number
      : type === 'boolean'
        ? { type, true: ['true', 'yes', '1'], false: ['false', 'no', '0'], missing: [] }
        : type === 'datetime'
          ? { type, order: 'ymd', missing: [] }
          : { type, missing: [] };
  const isLeftOut = type === 'id' || type === 'text';
  return {
    name,
    format,
    role: isLeftOut ? 'ignore' : 'feature',
    reason: '',
    profile: profileOf(cells, format),
  };
}

function profileOf(cells: string[], format: CellFormat): ColumnProfile {
  const counts = new Map<string, number>();
  for (const cell of cells) if (cell !== '') counts.set(cell, (counts.get(cell) ?? 0) + 1);
  const { column, unreadable } = readColumn(format, cells);
  const values = column.kind === 'numbers' ? [...column.values].filter((value) => !Number.isNaN(value)) : [];
  const missing =
    column.kind === 'numbers' ? cells.length - values.length : cells.filter((c) => c === '').length;
  return {
    missing,
    unreadable: unreadable.length,
    distinct: counts.size,
    top: [...counts].map(([value, count]) => ({ value, count })).sort((a, b) => b.count - a.count),
    numbers:
      values.length === 0
        ? null
        : {
            min: Math.min(...values),
            max: Math.max(...values),
            mean: values.reduce((sum, value) => sum + value, 0) / values.length,
            std: 1,
            quantiles: [],
            histogram: [],
            integers: values.every(Number.isInteger),
            sampled: null,
          },
  };
}
