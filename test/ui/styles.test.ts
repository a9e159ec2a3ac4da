/** The stylesheet of a page stays when another page is opened, so what two of them say of one class would mix. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

function stylesheetsIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.css'))
    .map((file) => join(folder, file));
}

/** The classes with which the selectors of a stylesheet begin. */
function classesIn(file: string): string[] {
  const text = readFileSync(file, 'utf8').replaceAll(/\/\*.*?\*\//gs, '');
  const selectors = [...text.matchAll(/([^{}]+)\{/g)].flatMap(([, list = '']) => list.split(','));
  return [...new Set(selectors.flatMap((selector) => /^\s*\.([\w-]+)/.exec(selector)?.[1] ?? []))];
}

test('a class that is not one of all pages has the rules of one page only', () => {
  const shared = new Set(stylesheetsIn('ui/styles').flatMap(classesIn));
  const files = stylesheetsIn('ui/pages');
  expect(files.length).toBeGreaterThan(5);
  const pageOf = new Map<string, string>();
  const mixed = files.flatMap((file) =>
    classesIn(file).filter((name) => {
      const page = file.split('/').at(-2) ?? '';
      const isOther = (pageOf.get(name) ?? page) !== page;
      pageOf.set(name, page);
      return isOther && !shared.has(name);
    }),
  );
  expect(mixed).toEqual([]);
});
