/** What the command writes: tables and sentences for people, JSON for programs. */

export interface Stream {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

export interface Output {
  /** Whether programs read it. */
  isJson: boolean;
  /** The answer of the command, on stdout: the document for programs, the text for people. */
  answer(document: unknown, text: () => string): void;
  /** A line that goes with the answer, on stderr, so that stdout can be piped. Programs do not get it. */
  note(line: string): void;
  bold: (text: string) => string;
  /** Where progress is drawn. */
  progress: Stream;
}

export interface OutputOptions {
  isJson: boolean;
  stdout: Stream;
  stderr: Stream;
  env: Record<string, string | undefined>;
}

export function createOutput({ isJson, stdout, stderr, env }: OutputOptions): Output {
  // https://no-color.org
  const hasColors = stdout.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
  return {
    isJson,
    answer(document, text) {
      const isRead = stdout.isTTY === true;
      const written = isJson ? JSON.stringify(document, null, isRead ? 2 : 0) : text();
      if (written !== '') stdout.write(`${written}\n`);
    },
    note(line) {
      if (!isJson) stderr.write(`${line}\n`);
    },
    bold: (text) => (hasColors ? `\x1b[1m${text}\x1b[22m` : text),
    progress: stderr,
  };
}

/** Columns under their headings, each as wide as it needs to be. */
export function tableOf(headings: string[], rows: string[][], bold: (text: string) => string): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const lineOf = (cells: string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [bold(lineOf(headings)), ...rows.map(lineOf)].join('\n');
}

/** Names and what they are, below each other. */
export function factsOf(facts: [name: string, value: string | number | null | undefined][]): string {
  const known = facts.filter(([, value]) => value !== null && value !== undefined && value !== '');
  const width = Math.max(...known.map(([name]) => name.length));
  return known.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}

/** 2026-11-28T05:26:02.455Z → 2026-11-28 05:26Z */
export function inMinutes(time: string | null): string {
  return time === null ? '' : time.replace(/T(\d\d:\d\d).*Z$/, ' $1Z');
}

/** Four significant digits, and thousands apart. */
export function numberText(value: number): string {
  return Math.abs(value) >= 1e6 || (value !== 0 && Math.abs(value) < 1e-4)
    ? value.toExponential(2)
    : value.toLocaleString('en', { maximumSignificantDigits: Math.abs(value) >= 1000 ? 6 : 4 });
}
