/** Whether the first record of a CSV file has the names of the columns. */

/** What the first cell of a column says, with how much weight: positive for names, negative for values. */
type Vote = number;

/**
 * Each column votes. A text above numbers, dates or booleans is a name; a number above numbers is a value. Above texts that
 * repeat, a text that occurs nowhere below is a name, and one that occurs is a value. Without evidence there is a header.
 */
export function hasHeader([first = [], ...rows]: readonly string[][]): boolean {
  const cells = first.map((cell) => cell.trim());
  if (areCounted(cells)) return true;
  if (rows.length === 0) return !cells.some(isValue);
  const votes = cells.map((cell, column) =>
    vote(
      cell,
      rows.map((row) => (row[column] ?? '').trim()),
    ),
  );
  const sum = votes.reduce((total, one) => total + one, 0);
  return sum > 0 || (sum === 0 && !cells.some(isValue));
}

function vote(cell: string, column: readonly string[]): Vote {
  const values = column.filter((value) => value !== '');
  if (cell === '' || values.length === 0) return 0;
  const typed = values.filter(isValue).length;
  if (typed > 0.8 * values.length) return isValue(cell) ? -1 : isMissing(cell) ? 0 : 1;
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  if (counts.has(cell)) return -1;
  let singles = 0;
  for (const count of counts.values()) if (count === 1) singles++;
  return values.length >= 5 && singles <= 0.05 * values.length ? 1 : 0;
}

/** Whether the cells count up by one from 0, as the names that pandas makes, or are years; the first may be another. */
function areCounted(cells: readonly string[]): boolean {
  const present = cells.filter((cell) => cell !== '');
  const numbers = isCount(present[0]) ? present : present.slice(1);
  const start = Number(numbers[0]);
  return (
    numbers.length >= 3 &&
    (start === 0 || (start >= 1900 && start <= 2100)) &&
    numbers.every((cell, index) => isCount(cell) && Number(cell) === start + index)
  );
}

function isCount(cell = ''): boolean {
  return /^\d+$/.test(cell);
}

/** A number in any spelling, a date or time, or a boolean: what is hardly ever the name of a column. */
function isValue(text: string): boolean {
  return (
    /^[-+(]?\s*(?:[$€£¥]\s*)?\d[\d.,' _]*(?:[eE][-+]?\d+)?\s*(?:[%€$£¥]|[A-Z]{3})?\)?$/.test(text) ||
    /^[-+]?\.\d+(?:[eE][-+]?\d+)?$/.test(text) ||
    /^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ]\d{1,2}:\d{2}.*)?$/.test(text) ||
    /^\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?$/.test(text) ||
    /^(?:true|false|yes|no)$/i.test(text)
  );
}

function isMissing(text: string): boolean {
  return /^(?:n\/?a|nan|null|none|\?|-|\\n)$/i.test(text);
}
