/** Checks the record of a preprocessing that a file holds: what passes can be applied to any row. */
import {
  isNumeric,
  type BooleanFormat,
  type CellFormat,
  type DatetimeFormat,
  type NumberFormat,
  type TextFormat,
} from '../../lib/cells/cell-format.js';
import {
  count,
  flag,
  listOf,
  nullable,
  number,
  object,
  oneOf,
  text,
  variant,
  type Shape,
} from '../../lib/json-shape.js';
import {
  periods,
  type MissingPart,
  type OneHotPart,
  type Part,
  type PiecewisePart,
  type RobustPart,
  type SignPart,
  type StandardPart,
  type UnusedPart,
} from './parts.js';
import type { FittedColumn, SeenLevels, SeenNumbers, TablePreprocessing } from './table.js';

/** What is wrong with the value, beginning with the path of the field; null: it is a `TablePreprocessing`. */
export function problemOfRecord(value: unknown): string | null {
  const problem = tableShape(value, '');
  if (problem !== null) return problem;
  const { columns, width } = value as TablePreprocessing;
  if (new Set(columns.map(({ name }) => name)).size < columns.length) return '/columns has a name twice';
  const total = columns.flatMap(({ parts }) => parts).reduce((sum, part) => sum + part.width, 0);
  return total === width ? null : `/width is not the ${total} of its parts`;
}

const above0: Shape<number> = (value, path) =>
  number(value, path) ?? ((value as number) > 0 ? null : `${path} is not above 0`);

const distinctTexts: Shape<string[]> = (value, path) =>
  listOf(text)(value, path) ??
  (new Set(value as string[]).size === (value as string[]).length ? null : `${path} has a text twice`);

const missing = listOf(text);
const textFormat = object<TextFormat>({ type: oneOf('category', 'id', 'text'), missing });

const cellFormat = variant<CellFormat>('type', {
  number: object<NumberFormat>({
    type: oneOf('number'),
    decimal: oneOf('.', ','),
    grouping: oneOf('', ',', '.', ' ', "'"),
    missing,
  }),
  boolean: object<BooleanFormat>({
    type: oneOf('boolean'),
    true: listOf(text),
    false: listOf(text),
    missing,
  }),
  datetime: object<DatetimeFormat>({ type: oneOf('datetime'), order: oneOf('ymd', 'dmy', 'mdy'), missing }),
  category: textFormat,
  id: textFormat,
  text: textFormat,
});

const one = oneOf(1);
const missingPart = object<MissingPart>({ kind: oneOf('missing'), width: one });
const unusedPart = object<UnusedPart>({ kind: oneOf('unused'), width: count });

const piecewiseFields = object<PiecewisePart>({
  kind: oneOf('piecewise'),
  width: count,
  fill: number,
  edges: listOf(number),
});

const piecewisePart: Shape<PiecewisePart> = (value, path) => {
  const problem = piecewiseFields(value, path);
  if (problem !== null) return problem;
  const { width, edges } = value as PiecewisePart;
  if (edges.length < 2 || edges.length > width + 1) return `${path}/edges are not 2 to ${width + 1}`;
  // Halves, as the part divides by their difference.
  const isAscending = edges.every((edge, i) => i === 0 || edge / 2 - (edges[i - 1] ?? edge) / 2 > 0);
  return isAscending ? null : `${path}/edges do not ascend`;
};

const partOfNumbers = variant<Part>('kind', {
  standard: object<StandardPart>({
    kind: oneOf('standard'),
    width: one,
    fill: number,
    mean: number,
    std: above0,
  }),
  robust: object<RobustPart>({
    kind: oneOf('robust'),
    width: one,
    fill: number,
    center: number,
    scale: above0,
  }),
  piecewise: piecewisePart,
  cycle: object({ kind: oneOf('cycle'), width: oneOf(2), period: oneOf(...periods) }),
  missing: missingPart,
  unused: unusedPart,
});

const oneHotFields = object<OneHotPart>({
  kind: oneOf('one_hot'),
  width: count,
  levels: distinctTexts,
  rare: flag,
});

const oneHotPart: Shape<OneHotPart> = (value, path) => {
  const problem = oneHotFields(value, path);
  if (problem !== null) return problem;
  const { width, levels, rare } = value as OneHotPart;
  return levels.length + (rare ? 1 : 0) <= width ? null : `${path}/levels has more than there are places`;
};

const signFields = object<SignPart>({ kind: oneOf('sign'), width: one, levels: distinctTexts });

const signPart: Shape<SignPart> = (value, path) =>
  signFields(value, path) ??
  ((value as SignPart).levels.length <= 2 ? null : `${path}/levels has more than two`);

const partOfLevels = variant<Part>('kind', {
  one_hot: oneHotPart,
  sign: signPart,
  missing: missingPart,
  unused: unusedPart,
});

const seenNumbers = object<SeenNumbers>({
  kind: oneOf('numbers'),
  missing: count,
  min: nullable(number),
  median: nullable(number),
  max: nullable(number),
});

const seenLevels = object<SeenLevels>({
  kind: oneOf('levels'),
  missing: count,
  distinct: count,
  levels: distinctTexts,
});

const columnOfNumbers = object<FittedColumn>({
  name: text,
  format: cellFormat,
  seen: seenNumbers,
  parts: listOf(partOfNumbers),
});

const columnOfLevels = object<FittedColumn>({
  name: text,
  format: cellFormat,
  seen: seenLevels,
  parts: listOf(partOfLevels),
});

const fittedColumn: Shape<FittedColumn> = (value, path) => {
  const problem = object<Pick<FittedColumn, 'format'>>({ format: cellFormat })(value, path);
  if (problem !== null) return problem;
  const column = value as FittedColumn;
  if (isNumeric(column.format)) return columnOfNumbers(value, path);
  // The cells of a column know one set of places.
  return (
    columnOfLevels(value, path) ??
    (hasOneSetOfPlaces(column) ? null : `${path}/parts has places for levels twice`)
  );
};

function hasOneSetOfPlaces({ parts }: FittedColumn): boolean {
  return parts.filter(({ kind }) => kind === 'one_hot' || kind === 'sign').length <= 1;
}

const tableShape = object<TablePreprocessing>({
  kind: oneOf('table'),
  columns: listOf(fittedColumn),
  width: count,
  targets: listOf(text),
  ignored: listOf(text),
});
