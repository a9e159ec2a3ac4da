/**
 * Rows of a table as text. CSV is quoted as RFC 4180 says, with `\n` after each row. Texts are written as they are, also
 * those that a spreadsheet would take for a formula: what reads the file back gets what was in it. This is written by
 * hand since csv-stringify and papaparse take two to three times as long, and it is most of the work of a batch.
 */

export type WrittenCell = string | number | boolean | null;

/** One line of CSV. A cell without a value is empty. */
export function csvLine(cells: readonly WrittenCell[], delimiter: string): string {
  let line = '';
  for (let column = 0; column < cells.length; column++) {
    if (column > 0) line += delimiter;
    const cell = cells[column];
    if (typeof cell === 'string') line += quoted(cell, delimiter);
    else if (cell !== null) line += String(cell);
  }
  return `${line}\n`;
}

/** One line of JSON Lines. `keys` come from `jsonKeys`. */
export function jsonLine(keys: readonly string[], cells: readonly WrittenCell[]): string {
  return `{${jsonFields(keys, cells)}}\n`;
}

/**
 * The same line with further fields at the end of its object, whose text stays as it is. `object` is JSON text of an object,
 * without white space around it.
 */
export function withJsonFields(
  object: string,
  keys: readonly string[],
  cells: readonly WrittenCell[],
): string {
  const fields = object.slice(1, -1);
  const separator = fields.trim() === '' ? '' : ',';
  return `{${fields}${separator}${jsonFields(keys, cells)}}\n`;
}

/** The names as JSON writes them before a value. */
export function jsonKeys(names: readonly string[]): string[] {
  return names.map((name) => `${JSON.stringify(name)}:`);
}

/** A number that is not finite has no JSON and becomes null. */
function jsonFields(keys: readonly string[], cells: readonly WrittenCell[]): string {
  let fields = '';
  for (let column = 0; column < cells.length; column++) {
    if (column > 0) fields += ',';
    fields += `${keys[column] ?? ''}${JSON.stringify(cells[column])}`;
  }
  return fields;
}

const mayNeedQuotes = /["\r\n]/;

function quoted(text: string, delimiter: string): string {
  if (!mayNeedQuotes.test(text) && !text.includes(delimiter)) return text;
  return `"${text.replaceAll('"', '""')}"`;
}
