/** How a job reads a column whose type it overrides. */
import type { ColumnSchema } from '../../data/table-schema.js';
import {
  numberReader,
  type CellFormat,
  type CellType,
  type NumberFormat,
} from '../../lib/cells/cell-format.js';

/** Of booleans, in lower case: true, false. */
const booleanTexts: readonly [string, string][] = [
  ['true', 'false'],
  ['yes', 'no'],
  ['t', 'f'],
  ['y', 'n'],
  ['1', '0'],
  ['on', 'off'],
  ['ja', 'nein'],
  ['oui', 'non'],
  ['si', 'no'],
  ['sí', 'no'],
  ['wahr', 'falsch'],
  ['vrai', 'faux'],
];

/** The ways to write numbers, the commonest first. */
const numberMarks: readonly Pick<NumberFormat, 'decimal' | 'grouping'>[] = [
  { decimal: '.', grouping: '' },
  { decimal: ',', grouping: '' },
  { decimal: '.', grouping: ',' },
  { decimal: ',', grouping: '.' },
  { decimal: '.', grouping: ' ' },
  { decimal: ',', grouping: ' ' },
  { decimal: '.', grouping: "'" },
];

/** The format of this type that reads most of the column's commonest texts. */
export function formatAs(type: CellType, { format, profile }: ColumnSchema): CellFormat {
  if (format.type === type) return format;
  const { missing } = format;
  switch (type) {
    case 'category':
    case 'id':
    case 'text':
      return { type, missing };
    case 'datetime':
      return { type, missing, order: 'ymd' };
    case 'number': {
      const formats = numberMarks.map((marks): NumberFormat => ({ type, missing, ...marks }));
      return readsMost(formats, profile.top);
    }
    case 'boolean': {
      const formats = booleanTexts.map(([yes, no]) => ({ type, missing, true: [yes], false: [no] }) as const);
      return readsMost(
        formats.map((each) => ({ ...each, true: [...each.true], false: [...each.false] })),
        profile.top,
      );
    }
  }
}

/** Of equals the first. */
function readsMost<Format extends Parameters<typeof numberReader>[0]>(
  formats: readonly Format[],
  texts: ColumnSchema['profile']['top'],
): Format {
  const countsOf = formats.map((format) => {
    const read = numberReader(format);
    return texts.reduce((sum, { value, count }) => sum + (Number.isFinite(read(value)) ? count : 0), 0);
  });
  const best = formats[countsOf.indexOf(Math.max(...countsOf))];
  if (best === undefined) throw new Error('There is no format to choose from');
  return best;
}
