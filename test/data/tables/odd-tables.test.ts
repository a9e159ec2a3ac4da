import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { bytesOfFile, openReader } from '../../../src/data/formats/open-reader.js';
import { TableRefusal } from '../../../src/data/formats/rows.js';
import type { TableSchema } from '../../../src/data/table-schema.js';
import { takeInTable } from '../../../src/data/tables/take-in-table.js';
import { suiteStorage } from './suite-storage.js';
import { oddTables, type OddTable } from './odd-tables.js';

const storage = await suiteStorage();

async function takeIn({ file, target }: OddTable): Promise<TableSchema> {
  const path = fileURLToPath(new URL(`../../fixtures/tables/${file}`, import.meta.url));
  const reader = await openReader(await bytesOfFile(path));
  return takeInTable(
    reader,
    { storage, prefix: file.replaceAll('/', '-') },
    { target: target === undefined ? [] : [target] },
  );
}

it.each(oddTables.filter(({ refused }) => refused === undefined))(
  'takes $file for what it is: $situation',
  async (expected) => {
    const schema = await takeIn(expected);
    expect(schema.rows).toBe(expected.rows);
    const columns = schema.columns.map(({ name, format: { type }, role }) => {
      const isLeftOut = role === 'ignore' && type !== 'id' && type !== 'text';
      return `${name}: ${type}${isLeftOut ? ', left out' : ''}`;
    });
    expect(columns).toEqual(expected.columns);
    const warnings = schema.warnings.map(({ code, column, lines }) =>
      [code, column ?? '', lines === undefined ? '' : `at ${lines.slice(0, 3).join(', ')}`]
        .filter((part) => part !== '')
        .join(' '),
    );
    expect(warnings).toEqual(expected.warnings);
    const profiles = new Map(schema.columns.map(({ name, profile }) => [name, profile]));
    for (const [name, missing] of Object.entries(expected.missing ?? {}))
      expect([name, profiles.get(name)?.missing]).toEqual([name, missing]);
    for (const [name, distinct] of Object.entries(expected.distinct ?? {}))
      expect([name, profiles.get(name)?.distinct]).toEqual([name, distinct]);
    for (const [name, [min, max]] of Object.entries(expected.ranges ?? {})) {
      expect(profiles.get(name)?.numbers?.min).toBeGreaterThanOrEqual(min);
      expect(profiles.get(name)?.numbers?.max).toBeLessThanOrEqual(max);
    }
    for (const { reason } of schema.columns) expect(reason).toMatch(/\.$/u);
    for (const { message } of schema.warnings) expect(message).toMatch(/\.$/u);
  },
);

it.each(oddTables.filter(({ refused }) => refused !== undefined))(
  'refuses $file: $situation',
  async (expected) => {
    const error: unknown = await takeIn(expected).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TableRefusal);
    const told = (error as TableRefusal).problems
      .slice(0, 2)
      .map(({ code, line }) => (line === null ? code : `${code} at line ${line}`));
    expect(told).toEqual(expected.refused);
  },
);
