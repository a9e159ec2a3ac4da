/** What to warn of in the columns that are to be learned: classes, missing targets, and columns that give them away. */
import type { ColumnSchema, Level, TableSchema, TableWarning } from '../table-schema.js';
import type { ColumnFacts } from './decide-column.js';

/** With fewer rows nothing can be held out to test on. */
const fewestRows = 20;

/** A class with fewer rows cannot be in the training, validation and test rows at once. */
const fewestOfClass = 3;

/** The commonest class against the rarest that is not `fewestOfClass` alone. */
const imbalanced = 20;

/** Numbers of more distinct values are values, not classes. */
const mostNumberClasses = 20;

const mostTold = 10;

export function targetWarnings(
  { columns, rows }: Pick<TableSchema, 'columns' | 'rows'>,
  targets: readonly ColumnFacts[],
): TableWarning[] {
  const warnings: TableWarning[] = [];
  let usable = rows;
  for (const { name, evidence } of targets) {
    const column = columns.find((each) => each.name === name);
    if (column === undefined) continue;
    const { missing } = column.profile;
    usable = Math.min(usable, rows - missing);
    if (missing > 0) {
      const message = `${rowCount(missing)} without a target; they are left out of training.`;
      warnings.push({ code: 'TARGET_MISSING_ROWS', column: name, message, count: missing });
    }
    if (areClasses(column)) warnings.push(...classWarnings(column, evidence.padded));
  }
  if (usable < fewestRows) {
    const message = `There ${usable === 1 ? 'is 1 row' : `are ${usable} rows`} to learn from. With fewer than ${fewestRows} nothing can be held out to test on.`;
    warnings.push({ code: 'TOO_FEW_ROWS', column: null, message, count: usable });
  }
  return warnings;
}

/** Whether a column that is to be learned holds classes rather than numbers. */
export function areClasses({ format, profile }: ColumnSchema): boolean {
  if (format.type === 'datetime') return false;
  if (format.type !== 'number') return true;
  return profile.distinct <= mostNumberClasses && (profile.numbers?.integers ?? false);
}

function classWarnings({ name, format, profile }: ColumnSchema, padded: number): TableWarning[] {
  const warnings: TableWarning[] = [];
  const levels = profile.top.filter(({ value }) => !format.missing.includes(value.toLowerCase()));
  const spellings = spellingsOf(levels);
  if (format.type !== 'number' && (spellings.length > 0 || padded > 0)) {
    const told = spellings
      .slice(0, mostTold)
      .map((each) => each.map((value) => JSON.stringify(value)).join(' and '));
    const parts = [
      ...(told.length > 0
        ? [
            `${told.join('; ')} differ only in spelling. ${format.type === 'boolean' ? 'They are read as the same class.' : 'They are classes of their own.'}`,
          ]
        : []),
      ...(padded > 0 ? [`White space around the class was taken off in ${padded} cells.`] : []),
    ];
    warnings.push({ code: 'CLASS_SPELLING', column: name, message: parts.join(' ') });
  }
  const classes = format.type === 'boolean' ? booleanClasses(levels, format) : levels;
  if (classes.length === 1) {
    const message = `All rows have the class ${JSON.stringify(classes[0].value)}, so there is nothing to learn.`;
    warnings.push({ code: 'TARGET_SINGLE_CLASS', column: name, message });
    return warnings;
  }
  const rare = classes.filter(({ count }) => count < fewestOfClass);
  for (const { value, count } of rare.slice(0, mostTold)) {
    const message = `The class ${JSON.stringify(value)} has ${rowCount(count)}. It cannot be trained on and tested.`;
    warnings.push({ code: 'RARE_CLASS', column: name, message, count });
  }
  if (rare.length > mostTold) {
    const message = `${rare.length - mostTold} more classes have fewer than ${fewestOfClass} rows.`;
    warnings.push({ code: 'RARE_CLASS', column: name, message, count: rare.length - mostTold });
  }
  const counts = classes.filter(({ count }) => count >= fewestOfClass).sort((a, b) => b.count - a.count);
  const [most, least] = [counts[0], counts.at(-1)];
  if (least !== undefined && most.count >= imbalanced * least.count) {
    const message = `The class ${JSON.stringify(most.value)} has ${most.count} rows, and ${JSON.stringify(least.value)} has ${least.count}. A model that always answers ${JSON.stringify(most.value)} looks good; look at each class, and consider class weights.`;
    warnings.push({ code: 'IMBALANCE', column: name, message });
  }
  return warnings;
}

/** Levels that are the same but for case, accents' composition and white space. */
function spellingsOf(levels: readonly Level[]): string[][] {
  const byFolded = new Map<string, string[]>();
  for (const { value } of levels) {
    const folded = value.normalize('NFKC').toLowerCase().replaceAll(/\s+/gu, ' ');
    const same = byFolded.get(folded);
    if (same === undefined) byFolded.set(folded, [value]);
    else same.push(value);
  }
  return [...byFolded.values()].filter((same) => same.length > 1);
}

function booleanClasses(levels: readonly Level[], format: { true: string[]; false: string[] }): Level[] {
  const count = (words: string[]): number =>
    levels
      .filter(({ value }) => words.includes(value.toLowerCase()))
      .reduce((sum, each) => sum + each.count, 0);
  const classes = [
    { value: 'true', count: count(format.true) },
    { value: 'false', count: count(format.false) },
  ];
  return classes.filter((each) => each.count > 0);
}

function rowCount(count: number): string {
  return count === 1 ? '1 row' : `${count} rows`;
}
