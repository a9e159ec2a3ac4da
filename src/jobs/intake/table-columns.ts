/** What a job does with each column of a table, by its request and by what is known of the table. */
import type { TableContent, TableInfo } from '../../data/dataset.js';
import type { TableSplit } from '../../data/splits.js';
import type { ColumnSchema } from '../../data/table-schema.js';
import { TrainyardError } from '../../errors.js';
import type { CellFormat } from '../../lib/cells/cell-format.js';
import type { Column } from '../../lib/cells/columns.js';
import { pointerTo } from '../../lib/json-pointer.js';
import { nearestTo } from '../../lib/nearest-word.js';
import type { ColumnRequest, JobRequest, SplitRequest } from '../runs/job-request.js';
import type { ColumnRole, ColumnSpec } from '../runs/run-spec.js';
import { formatAs } from './column-formats.js';

/** A refusal of what the request says at this JSON pointer. */
export function invalid(pointer: string, message: string): TrainyardError {
  return new TrainyardError('INVALID_REQUEST', message, { pointer });
}

/** For messages: in quotes, and shortened. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}

/** For messages: as many of the names as fit in a sentence. */
export function listed(names: readonly string[], most = 20): string {
  const more = names.length > most ? ` and ${names.length - most} more` : '';
  return names.slice(0, most).map(quoted).join(', ') + more;
}

interface AskedColumn extends ColumnRequest {
  /** Of what the request says about the column. */
  pointer: string;
}

/** What a request says of columns, by name. */
export class AskedColumns {
  readonly #asked = new Map<string, AskedColumn>();

  /** @throws TrainyardError INVALID_REQUEST for a name that the table does not have, or that comes twice */
  constructor(columns: JobRequest['columns'] = {}, info: TableInfo) {
    const entries = Array.isArray(columns)
      ? columns.map(({ name, ...asked }, index) => ({ name, asked, pointer: `/columns/${index}` }))
      : Object.entries(columns).map(([name, asked]) => ({
          name,
          asked,
          pointer: pointerTo(['columns', name]),
        }));
    for (const { name, asked, pointer } of entries) {
      refuseUnknown(name, info, Array.isArray(columns) ? `${pointer}/name` : pointer);
      if (this.#asked.has(name)) throw invalid(pointer, `The column ${quoted(name)} is named twice.`);
      this.#asked.set(name, { ...asked, pointer });
    }
  }

  of(name: string): Partial<AskedColumn> {
    return this.#asked.get(name) ?? {};
  }

  pointerTo(name: string, field: 'role' | 'type'): string {
    const asked = this.#asked.get(name);
    return asked?.[field] === undefined ? (asked?.pointer ?? '/columns') : `${asked.pointer}/${field}`;
  }

  withRole(role: ColumnRole): string[] {
    return [...this.#asked].filter(([, asked]) => asked.role === role).map(([name]) => name);
  }
}

/** @throws TrainyardError INVALID_REQUEST */
function refuseUnknown(name: string, { name: dataset, schema }: TableInfo, pointer: string): void {
  const names = schema.columns.map((column) => column.name);
  if (names.includes(name)) return;
  const near = nearestTo(name, names);
  const hint = near === undefined ? `Its columns: ${listed(names)}.` : `Did you mean ${quoted(near)}?`;
  throw invalid(pointer, `The dataset ${dataset} has no column ${quoted(name)}. ${hint}`);
}

/**
 * The columns to predict: those of the request, or else of the dataset.
 * @throws TrainyardError INVALID_REQUEST
 */
export function resolveTarget(target: JobRequest['target'], info: TableInfo, asked: AskedColumns): string[] {
  const byRole = asked.withRole('target');
  if (target === undefined) {
    const names = byRole.length > 0 ? byRole : info.target;
    if (names.length > 0) return names;
    const columns = listed(info.schema.columns.map(({ name }) => name));
    throw invalid(
      '/target',
      `Say what to predict: target must be one or more of the columns of ${info.name}: ${columns}.`,
    );
  }
  const names = Array.isArray(target) ? target : [target];
  names.forEach((name, index) => {
    const pointer = Array.isArray(target) ? `/target/${index}` : '/target';
    refuseUnknown(name, info, pointer);
    if (names.indexOf(name) < index) throw invalid(pointer, `The target ${quoted(name)} is named twice.`);
  });
  const other = byRole.find((name) => !names.includes(name));
  if (other === undefined) return names;
  throw invalid(
    asked.pointerTo(other, 'role'),
    `${quoted(other)} has the role target, and target does not name it.`,
  );
}

/** How the rows are to be divided. null: by what suits the task. */
export interface AskedSplit {
  by: TableSplit['by'] | null;
  column: string | null;
}

const roleOfSplit = { column: 'split', time: 'time', group: 'group' } as const;
type SplitRole = (typeof roleOfSplit)[keyof typeof roleOfSplit];
const splitOfRole = { split: 'column', time: 'time', group: 'group' } as const;

/**
 * By the request's `split`, or by a column that has one of the roles for it.
 * @throws TrainyardError INVALID_REQUEST where these contradict each other
 */
export function resolveSplitColumn(split: SplitRequest, info: TableInfo, asked: AskedColumns): AskedSplit {
  const roles: SplitRole[] = ['split', 'time', 'group'];
  const named = roles.flatMap((role) => asked.withRole(role).map((name) => ({ name, role })));
  const [first, second] = named;
  if (second !== undefined) {
    const message = `${quoted(second.name)} and ${quoted(first?.name ?? '')} cannot both divide the rows.`;
    throw invalid(asked.pointerTo(second.name, 'role'), message);
  }
  if (split.column !== undefined) refuseUnknown(split.column, info, '/split/column');
  const by = split.by ?? (first && splitOfRole[first.role]) ?? null;
  if (by === null || by === 'random' || by === 'stratified') {
    if (split.column !== undefined) {
      throw invalid('/split/by', 'With split.column, split.by must be one of: column, time, group.');
    }
    if (first === undefined) return { by, column: null };
    throw invalid(
      '/split/by',
      `${quoted(first.name)} has the role ${first.role}: split.by must be ${splitOfRole[first.role]}.`,
    );
  }
  const column = split.column ?? first?.name;
  if (column === undefined) {
    throw invalid(
      '/split/column',
      `With split.by ${by}, split.column must name the column that divides the rows.`,
    );
  }
  if (first === undefined || (first.name === column && first.role === roleOfSplit[by])) return { by, column };
  const message = `${quoted(first.name)} has the role ${first.role}, and the rows are divided by ${by} of ${quoted(column)}.`;
  throw invalid(asked.pointerTo(first.name, 'role'), message);
}

/**
 * Every column of the table with its role and its format.
 * @throws TrainyardError INVALID_REQUEST
 */
export async function resolveColumns(
  info: TableInfo,
  content: TableContent,
  { asked, target, split }: { asked: AskedColumns; target: readonly string[]; split: AskedSplit },
): Promise<ColumnSpec[]> {
  const columns = info.schema.columns.map((schema): ColumnSpec => {
    const role = roleOf(schema, asked, target, split);
    const format = formatOf(schema, asked, role);
    refuseUnusable(schema.name, role, format, asked);
    const { missing, unreadable, distinct } = schema.profile;
    return { name: schema.name, role, format, distinct, has_missing: missing > 0, unreadable };
  });
  const [weight, second] = columns.filter(({ role }) => role === 'weight');
  if (weight !== undefined && second !== undefined) {
    throw invalid(
      asked.pointerTo(second.name, 'role'),
      `${quoted(weight.name)} has the role weight already.`,
    );
  }
  if (columns.every(({ role }) => role !== 'feature')) {
    throw invalid('/columns', `No column of ${info.name} is left to learn from: give one the role feature.`);
  }
  return recounted(columns, info, content, asked);
}

/** Types that a network can take as they are. */
const featureTypes: readonly CellFormat['type'][] = ['number', 'boolean', 'datetime', 'category'];

function roleOf(
  { name, role, format }: ColumnSchema,
  asked: AskedColumns,
  target: readonly string[],
  split: AskedSplit,
): ColumnRole {
  const { role: wanted, type } = asked.of(name);
  if (target.includes(name)) {
    if (wanted === undefined || wanted === 'target') return 'target';
    throw invalid(
      asked.pointerTo(name, 'role'),
      `${quoted(name)} is the target and cannot be of the role ${wanted}.`,
    );
  }
  if (name === split.column && split.by !== null && split.by in roleOfSplit) {
    const own = roleOfSplit[split.by as keyof typeof roleOfSplit];
    if (wanted === 'feature') return 'feature';
    if (wanted === undefined || wanted === 'ignore' || wanted === own) return own;
    throw invalid(
      asked.pointerTo(name, 'role'),
      `${quoted(name)} divides the rows and cannot be of the role ${wanted}.`,
    );
  }
  if (wanted !== undefined) return wanted;
  if (!featureTypes.includes(type ?? format.type)) return 'ignore';
  // To say how to read a column that is left out by default is to ask for it.
  return type !== undefined && type !== format.type ? 'feature' : role;
}

function formatOf(schema: ColumnSchema, asked: AskedColumns, role: ColumnRole): CellFormat {
  const { type } = asked.of(schema.name);
  if (type !== undefined) return formatAs(type, schema);
  const isClass = role === 'target' && (schema.format.type === 'id' || schema.format.type === 'text');
  return isClass ? formatAs('category', schema) : schema.format;
}

/** @throws TrainyardError INVALID_REQUEST for a type with which the column cannot have its role */
function refuseUnusable(name: string, role: ColumnRole, { type }: CellFormat, asked: AskedColumns): void {
  const usable: Partial<Record<ColumnRole, readonly CellFormat['type'][]>> = {
    feature: featureTypes,
    target: ['number', 'boolean', 'category'],
    weight: ['number'],
    time: ['number', 'datetime'],
  };
  const types = usable[role];
  if (types === undefined || types.includes(type)) return;
  const { pointer: named, type: wanted } = asked.of(name);
  const elsewhere = role === 'target' ? '/target' : '/split/column';
  const pointer =
    named === undefined ? elsewhere : asked.pointerTo(name, wanted === undefined ? 'role' : 'type');
  const message = `${quoted(name)} is of the type ${type} and cannot be of the role ${role}. Give it one of the types: ${types.join(', ')}.`;
  throw invalid(pointer, message);
}

/**
 * What the profile says of a column holds for its own type only. Those that are read as another are counted anew.
 * @throws TrainyardError INVALID_REQUEST where no cell can be read
 */
async function recounted(
  columns: ColumnSpec[],
  { schema }: TableInfo,
  content: TableContent,
  asked: AskedColumns,
): Promise<ColumnSpec[]> {
  const isOther = columns.map(
    ({ role, format }, i) => role !== 'ignore' && format !== schema.columns[i]?.format,
  );
  const others = columns.filter((_, i) => isOther[i]);
  if (others.length === 0) return columns;
  const read = await content.columns(others.map(({ name, format }) => ({ name, format })));
  return columns.map((column, i) => {
    const content = isOther[i] ? read[others.indexOf(column)] : undefined;
    const profile = schema.columns[i]?.profile;
    if (content === undefined || profile === undefined) return column;
    const { missing, distinct } = countsOf(content);
    const unreadable = Math.max(0, missing - (profile.missing - profile.unreadable));
    if (missing < schema.rows || profile.missing === schema.rows) {
      return { ...column, distinct, has_missing: missing > 0, unreadable };
    }
    const example = quoted(profile.top[0]?.value ?? '');
    const message = `No cell of ${quoted(column.name)} can be read as ${column.format.type}; the first value is ${example}.`;
    throw invalid(asked.pointerTo(column.name, 'type'), message);
  });
}

function countsOf(column: Column): { missing: number; distinct: number } {
  if (column.kind === 'levels') {
    return { missing: column.codes.filter((code) => code < 0).length, distinct: column.levels.length };
  }
  const values = new Set(column.values);
  const hasMissing = values.delete(NaN);
  const missing = hasMissing ? column.values.filter(Number.isNaN).length : 0;
  return { missing, distinct: values.size };
}
