/** The commands of a document and what it shows of their answers, and how both are compared with the real ones. */
import { expect } from 'vitest';

export interface Commands {
  /** As it stands in the document. */
  text: string;
  /** What the document shows of the answers; '' where it shows nothing. */
  shown: string;
}

/** Each ```sh block, with the ```text block that follows it, if one does. */
export function commandsOf(markdown: string): Commands[] {
  const blocks = [...markdown.matchAll(/^```(\w*)\n([^]*?)^```$/gm)].map(([, language, text]) => ({
    language,
    text,
  }));
  return blocks.flatMap(({ language, text }, i) => {
    if (language !== 'sh') return [];
    const next = blocks.at(i + 1);
    return [{ text, shown: next?.language === 'text' ? next.text : '' }];
  });
}

/** Every JSON object shown is in the real output, in this order and with these fields, and so is every other line. */
export function expectShown(shown: string, real: string): void {
  const [wanted, found] = [partsOf(shown), partsOf(real)];
  expect(found.objects.length, real).toBeGreaterThanOrEqual(wanted.objects.length);
  wanted.objects.forEach((object, i) => {
    expect(JSON.parse(found.objects[i]), object).toEqual(patternOf(JSON.parse(withoutEllipses(object))));
  });
  for (const line of wanted.lines) expect(found.lines, real).toContain(line);
}

/** The JSON objects that begin a line or follow another one, and the lines that hold something else. */
function partsOf(text: string): { objects: string[]; lines: string[] } {
  const objects: string[] = [];
  let rest = '';
  for (let at = 0; at < text.length;) {
    const isStart = text[at] === '{' && (rest === '' || rest.endsWith('\n'));
    const end = isStart ? endOfObject(text, at) : at + 1;
    if (isStart) objects.push(text.slice(at, end));
    else rest += text[at];
    at = end;
  }
  const lines = rest
    .split('\n')
    .map(withoutChance)
    .filter((line) => line !== '' && line !== '…');
  return { objects, lines };
}

function endOfObject(text: string, start: number): number {
  let depth = 0;
  let inString = false;
  for (let at = start; at < text.length; at++) {
    if (text[at] === '"' && text[at - 1] !== '\\') inString = !inString;
    if (inString) continue;
    if (text[at] === '{') depth++;
    if (text[at] === '}' && --depth === 0) return at + 1;
  }
  throw new Error(`An object does not end: ${text.slice(start)}`);
}

function withoutEllipses(json: string): string {
  return json.replace(/, …(?=\s*")/g, ',').replace(/,?\s*…/g, '');
}

/** Keys, ids, times and widths differ each time. */
function withoutChance(line: string): string {
  return line
    .replace(/ty_\S+/g, 'KEY')
    .replace(/\b[0-9a-z]{12}\b/g, 'ID')
    .replace(/\d{4}-\d\d-\d\d[T ][\d:.]+Z/g, 'TIME')
    .replace(/\s+/g, ' ')
    .trim();
}

/** Fields whose value is always the same; of others the type is. */
const fixed = ['object', 'model', 'alias', 'label', 'index', 'code', 'type', 'title', 'detail', 'pointer'];

function patternOf(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) {
    return value.length === 0
      ? (expect.any(Array) as unknown)
      : expect.arrayContaining(value.slice(0, 1).map((item) => patternOf(item)));
  }
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).map(([key, field]) => [key, patternOf(field, key)]);
    return expect.objectContaining(Object.fromEntries(fields) as object);
  }
  if (value === null || fixed.includes(name)) return value;
  return expect.any({ string: String, number: Number, boolean: Boolean }[typeof value as 'string']);
}
