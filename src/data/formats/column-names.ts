/** Names of columns as the readers give them: trimmed, unique, none empty, with a warning for each that had to change. */
import type { TableWarning } from '../table-schema.js';

export class ColumnNames {
  readonly names: string[] = [];
  readonly #taken: Set<string>;
  readonly #firstOf = new Map<string, number>();
  readonly #padded: string[] = [];
  readonly #warnings: TableWarning[] = [];

  /** `given`: names that are known beforehand. None of them is taken for another column. */
  constructor(given: readonly string[] = []) {
    this.#taken = new Set(given.map((name) => name.trim()));
    for (const name of given) this.add(name);
  }

  get warnings(): TableWarning[] {
    if (this.#padded.length === 0) return this.#warnings;
    const message = `White space around ${listed(this.#padded)} in the names of columns was removed.`;
    return [{ code: 'HEADER_TRIMMED', column: null, message, count: this.#padded.length }, ...this.#warnings];
  }

  /** The name of the next column. */
  add(given: string): string {
    const number = this.names.length + 1;
    const name = given.trim();
    if (name !== given && name !== '') this.#padded.push(name);
    const unique = this.#unique(name, number);
    this.names.push(unique);
    return unique;
  }

  #unique(name: string, number: number): string {
    if (name === '') {
      const made = this.#free(`column_${number}`, 1);
      const message = `Column ${number} has no name. It is now named "${made}".`;
      this.#warnings.push({ code: 'HEADER_EMPTY', column: made, message });
      return made;
    }
    const first = this.#firstOf.get(name);
    if (first === undefined) {
      this.#firstOf.set(name, number);
      this.#taken.add(name);
      return name;
    }
    const made = this.#free(name, 2);
    const message = `Columns ${first} and ${number} are both named "${name}". Column ${number} is now named "${made}".`;
    this.#warnings.push({ code: 'HEADER_DUPLICATE', column: name, message });
    return made;
  }

  /** The name itself for `from` 1, or the first of name_2, name_3, … that is not taken. It is taken then. */
  #free(name: string, from: number): string {
    for (let suffix = from; ; suffix++) {
      const candidate = suffix === 1 ? name : `${name}_${suffix}`;
      if (this.#taken.has(candidate)) continue;
      this.#taken.add(candidate);
      this.#firstOf.set(candidate, this.names.length + 1);
      return candidate;
    }
  }
}

export function numberedNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `column_${index + 1}`);
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 5).map((name) => `"${name}"`);
  return names.length > 5 ? `${shown.join(', ')} and ${names.length - 5} more` : shown.join(', ');
}
