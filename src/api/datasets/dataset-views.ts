/** Documents of datasets for clients, made from what is stored. */
import type { Static } from 'typebox';
import type { ArraysInfo, DatasetInfo, PicturesInfo, TableInfo } from '../../data/dataset.js';
import { usualInput } from '../../data/picture-index.js';
import { rowSplits } from '../../data/splits.js';
import type { ColumnSchema } from '../../data/table-schema.js';
import type { StoredVersion } from '../../data/versions/dataset-versions.js';
import {
  isNumeric,
  levelReader,
  numberReader,
  unreadable,
  type CellFormat,
} from '../../lib/cells/cell-format.js';
import type { Dataset, DatasetProfile, DatasetRows, DatasetSummary } from './dataset-schemas.js';

type SummaryView = Static<typeof DatasetSummary.schema>;
type DatasetView = Static<typeof Dataset.schema>;
type ProfileView = Static<typeof DatasetProfile.schema>;

const topShown = 10;

/** As the tables' profiles have them. */
const quantilesAt = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99];

export function summaryOf({ name, version, created_at, sent, result }: StoredVersion): SummaryView {
  const known =
    result === null || result.kind === 'failed'
      ? { format: null, rows: null }
      : result.kind === 'arrays'
        ? { format: 'idx' as const, rows: result.train_count + result.test_count }
        : { format: result.kind === 'table' ? result.format : ('pictures' as const), rows: result.rows };
  return {
    object: 'dataset',
    name,
    version,
    status: result === null ? 'processing' : result.kind === 'failed' ? 'failed' : 'ready',
    ...known,
    sha256: sent.sha256,
    size_bytes: sent.size_bytes,
    target: sent.target,
    error: result?.kind === 'failed' ? result.error : null,
    created_at,
  };
}

export function builtInSummary({ name, version, sha256, trainCount, testCount }: ArraysInfo): SummaryView {
  return {
    object: 'dataset',
    name,
    version,
    status: 'ready',
    format: 'idx',
    rows: trainCount + testCount,
    sha256,
    size_bytes: null,
    target: [],
    error: null,
    created_at: null,
  };
}

/** `info` is null unless the version is ready. */
export function datasetOf(
  summary: SummaryView,
  info: DatasetInfo | null,
  progress: { fraction: number; rows: number } | null,
): DatasetView {
  return {
    ...summary,
    progress,
    columns: info?.kind === 'table' ? info.schema.columns.map((column) => columnOf(column, topShown)) : [],
    warnings: warningsOf(info),
    arrays: info?.kind === 'arrays' ? arraysOf(info) : null,
    pictures: info?.kind === 'pictures' ? picturesOf(info) : null,
  };
}

function warningsOf(info: DatasetInfo | null): DatasetView['warnings'] {
  if (info === null || info.kind === 'arrays') return [];
  return info.kind === 'table' ? info.schema.warnings : info.index.warnings;
}

function picturesOf({ index }: PicturesInfo): DatasetView['pictures'] {
  const { labels, classes, splits } = index;
  const counts = labels.map(() => 0);
  const ofSplits: Record<string, number> = {};
  classes.forEach((label, row) => {
    const split = rowSplits[splits?.[row] ?? 0] ?? 'left_out';
    ofSplits[split] = (ofSplits[split] ?? 0) + 1;
    if (split !== 'left_out') counts[label] = (counts[label] ?? 0) + 1;
  });
  return { labels, counts, splits: splits && ofSplits, image: usualInput(index) };
}

function arraysOf({ inputs, targets, trainCount, testCount }: ArraysInfo): DatasetView['arrays'] {
  const labels = targets.kind === 'classes' ? targets.labels : targets.names;
  return { inputs, labels, train_rows: trainCount, test_rows: testCount };
}

export function profileOf({ name, version, schema }: TableInfo): ProfileView {
  return {
    object: 'dataset_profile',
    name,
    version,
    rows: schema.rows,
    columns: schema.columns.map((column) => {
      const { unreadable, top, numbers } = column.profile;
      const shown = figureOf(column);
      return {
        ...columnOf(column, top.length),
        unreadable,
        quantiles:
          numbers?.quantiles.map((value, i) => ({ at: quantilesAt[i] ?? NaN, value: shown(value) })) ?? null,
        sampled: numbers?.sampled ?? null,
        histogram: numbers && { from: numbers.min, to: numbers.max, counts: numbers.histogram },
      };
    }),
    warnings: schema.warnings,
  };
}

function columnOf(column: ColumnSchema, mostLevels: number): DatasetView['columns'][number] {
  const { name, format, role, reason, profile } = column;
  const { missing, distinct, top, numbers } = profile;
  const shown = figureOf(column);
  return {
    name,
    type: format.type,
    role,
    reason,
    missing,
    distinct,
    min: numbers && shown(numbers.min),
    max: numbers && shown(numbers.max),
    mean: numbers && shown(numbers.mean),
    std: format.type === 'datetime' ? null : (numbers?.std ?? null),
    top: top.slice(0, mostLevels),
  };
}

/** Datetimes are shown as text in ISO 8601. */
function figureOf({ format }: ColumnSchema): (value: number) => number | string {
  return format.type === 'datetime' ? isoTime : (value) => value;
}

/** `cells` (rows, columns) as they are in the file. */
export function rowsOf(
  { schema }: TableInfo,
  cells: readonly (string | null)[][],
  { first, hasMore }: { first: number; hasMore: boolean },
): Static<typeof DatasetRows.schema> {
  const readers = schema.columns.map(({ name, format }) => [name, cellReader(format)] as const);
  const data = cells.map((row) =>
    Object.fromEntries(readers.map(([name, read], i) => [name, read(row[i] ?? null)])),
  );
  return { object: 'list', data, first_row: first + 1, has_more: hasMore };
}

/** What a cell means; null: it has no value. One that is not of the format stays the text that it is. */
function cellReader(format: CellFormat): (text: string | null) => string | number | boolean | null {
  if (!isNumeric(format)) {
    const read = levelReader(format);
    return (text) => (text === null ? null : read(text));
  }
  const read = numberReader(format);
  return (text) => {
    const value = text === null ? NaN : read(text);
    if (Number.isNaN(value)) return null;
    if (value === unreadable) return text;
    if (format.type === 'boolean') return value === 1;
    return format.type === 'datetime' ? isoTime(value) : value;
  };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
