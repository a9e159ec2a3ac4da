/** From the columns of a description to the record of a preprocessing. */
import type { BooleanFormat } from '../../../lib/cells/cell-format.js';
import type { FittedColumn, TablePreprocessing } from '../../preprocessing/table.js';
import { refuseDescription, type DescribedColumn } from './import-description.js';

/** @throws TrainyardError INVALID_REQUEST */
export function describedTable(
  columns: readonly DescribedColumn[],
  target: readonly string[],
): TablePreprocessing {
  const names = columns.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    refuseDescription('columns', `The column ${JSON.stringify(twice)} is there twice.`);
  const taken = target.find((name) => names.includes(name));
  if (taken !== undefined) {
    refuseDescription(
      'target',
      `${JSON.stringify(taken)} cannot be both a column that the network takes and its target.`,
    );
  }
  const fitted = columns.map(fittedColumn);
  const width = fitted.flatMap(({ parts }) => parts).reduce((sum, part) => sum + part.width, 0);
  return { kind: 'table', columns: fitted, width, targets: [...target], ignored: [] };
}

/** Which fields only columns of other types have. */
const foreignFields = {
  number: ['levels', 'other', 'true', 'false'],
  boolean: ['levels', 'other'],
  category: ['mean', 'std', 'fill', 'true', 'false'],
} as const satisfies Record<DescribedColumn['type'], (keyof DescribedColumn)[]>;

/** Nothing is known of the rows that the network was trained on. */
function fittedColumn(column: DescribedColumn): FittedColumn {
  const { name, type, missing_flag: hasFlag = false } = column;
  const foreign = foreignFields[type].find((field) => Object.hasOwn(column, field));
  if (foreign !== undefined)
    refuseDescription('columns', `${JSON.stringify(name)} is a ${type} and has no ${foreign}.`);
  const fitted = type === 'category' ? levelColumn(column) : numberColumn(column, type);
  return hasFlag ? { ...fitted, parts: [...fitted.parts, { kind: 'missing', width: 1 }] } : fitted;
}

function levelColumn({ name, levels = [], other: rare = false }: DescribedColumn): FittedColumn {
  if (levels.length === 0)
    refuseDescription('columns', `${JSON.stringify(name)} is a category and needs its levels.`);
  if (new Set(levels).size < levels.length)
    refuseDescription('columns', `A level of ${JSON.stringify(name)} is there twice.`);
  return {
    name,
    format: { type: 'category', missing: [] },
    seen: { kind: 'levels', missing: 0, distinct: levels.length, levels },
    parts: [{ kind: 'one_hot', width: levels.length + (rare ? 1 : 0), levels, rare }],
  };
}

function numberColumn(column: DescribedColumn, type: 'number' | 'boolean'): FittedColumn {
  const { name, mean = 0, std = 1, fill = mean } = column;
  return {
    name,
    format: type === 'number' ? { type, decimal: '.', grouping: '', missing: [] } : booleanFormat(column),
    seen: { kind: 'numbers', missing: 0, min: null, median: fill, max: null },
    parts: [{ kind: 'standard', width: 1, fill, mean, std }],
  };
}

function booleanFormat(column: DescribedColumn): BooleanFormat {
  const texts = (given: readonly string[] = [], usual: string[]): string[] => [
    ...new Set([...given.map((text) => text.toLowerCase()), ...usual]),
  ];
  return {
    type: 'boolean',
    true: texts(column.true, ['true', '1']),
    false: texts(column.false, ['false', '0']),
    missing: [],
  };
}
