/**
 * Columns that give the target away: with one of them alone the target is known, which is hardly so when the model is
 * used. They are found in all rows.
 */
import { isNumeric, levelReader, numberReader, type CellFormat } from '../../lib/cells/cell-format.js';
import type { ColumnSchema, TableWarning } from '../table-schema.js';
import type { ChunkReader } from './chunk-store.js';
import { mostChunkRows, type StoredColumn } from './stored-column.js';
import { levelCodes, readNumbers } from './stored-table.js';
import { areClasses } from './target-warnings.js';

/** Fewer rows show nothing. */
const fewestRows = 20;

/** Of the rows whose class the column does not tell by guessing the commonest, so many it must tell. */
const tells = 0.99;

/** A level must be seen this often on average; a column of rare levels tells everything by chance. */
const rowsPerLevel = 5;

const mostLeakLevels = 200;
const mostClasses = 200;

/** The correlation of numbers that are a multiple of the target. */
const tellingCorrelation = 0.999_99;

/** @param targets the columns to be learned; their leaks are looked for in the others */
export async function leakWarnings(
  chunks: ChunkReader,
  columns: readonly ColumnSchema[],
  targets: readonly string[],
): Promise<TableWarning[]> {
  const tests = columns.flatMap((target, targetIndex) => {
    if (!targets.includes(target.name)) return [];
    return columns.flatMap((column, index) => {
      if (targets.includes(column.name)) return [];
      const pair = { column, index, target, targetIndex };
      return [classTest(pair), numberTest(pair)].filter((test) => test !== null);
    });
  });
  if (tests.length === 0) return [];
  for await (const chunk of chunks.all(new Set(tests.flatMap(({ wanted }) => wanted)))) {
    for (const test of tests) test.add(chunk.columns, chunk.rows);
  }
  return tests.map((test) => test.warning()).filter((warning) => warning !== null);
}

interface Pair {
  column: ColumnSchema;
  index: number;
  target: ColumnSchema;
  targetIndex: number;
}

interface LeakTest {
  /** The indices of the columns that it looks at. */
  wanted: number[];
  add(columns: readonly (StoredColumn | null)[], rows: number): void;
  warning(): TableWarning | null;
}

/** Whether each level of the column goes with one class. null: one of them has too many levels. */
function classTest({ column, index, target, targetIndex }: Pair): LeakTest | null {
  if (!areClasses(target) || target.profile.distinct > mostClasses || target.profile.distinct < 2)
    return null;
  if (column.profile.distinct > mostLeakLevels || column.profile.distinct < 2) return null;
  const [readLevel, readLabel] = [levelOf(column.format), levelOf(target.format)];
  const columnCodes = new Map<string, number>();
  const targetCodes = new Map<string, number>();
  const classes = target.profile.distinct + 1;
  // (levels, classes)
  const counts = new Float64Array((column.profile.distinct + 1) * classes);
  return {
    wanted: [index, targetIndex],
    add(stored, rows) {
      const levels = levelCodes(stored[index], rows, columnCodes, readLevel);
      const labels = levelCodes(stored[targetIndex], rows, targetCodes, readLabel);
      for (let row = 0; row < rows; row++) {
        if (levels[row] >= 0 && labels[row] >= 0) counts[levels[row] * classes + labels[row]]++;
      }
    },
    warning() {
      let rows = 0;
      let told = 0;
      const ofClass = new Float64Array(classes);
      for (let level = 0; level < columnCodes.size; level++) {
        const row = counts.subarray(level * classes, (level + 1) * classes);
        told += Math.max(...row);
        row.forEach((count, label) => {
          ofClass[label] += count;
          rows += count;
        });
      }
      const guessed = Math.max(...ofClass);
      if (rows < Math.max(fewestRows, rowsPerLevel * columnCodes.size)) return null;
      if (guessed === rows || told - guessed < tells * (rows - guessed)) return null;
      const example = [...columnCodes].slice(0, 3).map(([level, code]) => {
        const row = counts.subarray(code * classes, (code + 1) * classes);
        const label = [...targetCodes].find(([, each]) => each === row.indexOf(Math.max(...row)))?.[0] ?? '';
        return `${JSON.stringify(level)} goes with ${JSON.stringify(label)}`;
      });
      const message = `The column tells ${JSON.stringify(target.name)} in ${told} of ${rows} rows: ${example.join(', ')}. Leave it out unless it is known before the target is.`;
      return { code: 'LEAK', column: column.name, message };
    },
  };
}

/** The texts of a format as levels; of a boolean there are two, however they are spelled. */
function levelOf(format: CellFormat): (text: string) => string | null {
  const level = levelReader({ type: 'category', missing: format.missing });
  if (format.type !== 'boolean') return level;
  const read = numberReader(format);
  return (text) => {
    const value = read(text);
    return Number.isFinite(value) ? String(value === 1) : null;
  };
}

/** Whether the numbers of the column are a multiple of the target. */
function numberTest({ column, index, target, targetIndex }: Pair): LeakTest | null {
  if (!isNumeric(column.format) || !isNumeric(target.format) || areClasses(target)) return null;
  const { format } = column;
  const targetFormat = target.format;
  const values = new Float64Array(mostChunkRows);
  const wanted = new Float64Array(mostChunkRows);
  const meanX = column.profile.numbers?.mean ?? 0;
  const meanY = target.profile.numbers?.mean ?? 0;
  let [rows, xx, xy, yy] = [0, 0, 0, 0];
  return {
    wanted: [index, targetIndex],
    add(stored, count) {
      readNumbers(format, stored[index], values.subarray(0, count));
      readNumbers(targetFormat, stored[targetIndex], wanted.subarray(0, count));
      for (let row = 0; row < count; row++) {
        const x = values[row] - meanX;
        const y = wanted[row] - meanY;
        if (!Number.isFinite(x) || !Number.isFinite(y)) continue;
        rows++;
        xx += x * x;
        xy += x * y;
        yy += y * y;
      }
    },
    warning() {
      const correlation = xy / Math.sqrt(xx * yy);
      if (rows < fewestRows || !(Math.abs(correlation) >= tellingCorrelation)) return null;
      const message = `In ${rows} rows the column is a multiple of ${JSON.stringify(target.name)}: their correlation is ${correlation.toFixed(6)}. Leave it out unless it is known before the target is.`;
      return { code: 'LEAK', column: column.name, message };
    },
  };
}
