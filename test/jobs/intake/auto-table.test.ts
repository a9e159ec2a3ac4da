/** What auto chooses for a table, and what it says of it. */
import { describe, expect, test } from 'vitest';
import { autoTable, type TableFacts } from '../../../src/jobs/intake/presets/auto-table.js';
import { churn, specOn, tableOf } from '../small-table.js';

function facts(train: number, more: Partial<TableFacts> = {}): TableFacts {
  return {
    rows: { train, validation: Math.ceil(train / 8), test: 0 },
    learns: 'classes',
    numberColumns: 3,
    inputsWith: ({ encoding }) => (encoding === 'piecewise' ? 60 : 12),
    hasRoomFor: () => true,
    ...more,
  };
}

describe('auto', () => {
  test.each([
    [80, 32, 'robust'],
    [200, 32, 'piecewise'],
    [2_000, 32, 'piecewise'],
    [3_000, 64, 'piecewise'],
    [5_000, 128, 'piecewise'],
    [20_000, 256, 'piecewise'],
    [1_000_000, 512, 'piecewise'],
  ])('of %i training rows takes batches of %i and the encoding %s', (train, batch_size, encoding) => {
    expect(autoTable(facts(train))).toMatchObject({ batch_size, encoding });
  });

  test('takes no bins where they have no room, or nothing to divide', () => {
    const { encoding, reasons } = autoTable(
      facts(2_000, { hasRoomFor: ({ encoding: wanted }) => wanted !== 'piecewise' }),
    );
    expect(encoding).toBe('robust');
    expect(reasons.encoding).toContain('memory');
    expect(autoTable(facts(2_000, { numberColumns: 0 })).encoding).toBe('robust');
  });

  test('divides numbers into fewer bins where there are few rows, of classes sooner', () => {
    const binsOf = (train: number, learns: TableFacts['learns']) => autoTable(facts(train, { learns })).bins;
    expect(binsOf(200, 'classes')).toBe(4);
    expect(binsOf(200, 'values')).toBe(4);
    expect(binsOf(2_000, 'classes')).toBe(4);
    expect(binsOf(2_000, 'values')).toBe(16);
    expect(binsOf(4_000, 'classes')).toBe(16);
  });

  test('switches fewer units off where values are learned', () => {
    const dropoutOf = (learns: TableFacts['learns']) =>
      autoTable(facts(1_000, { learns })).hidden[0]?.dropout ?? NaN;
    expect(dropoutOf('values')).toBeLessThan(dropoutOf('classes'));
  });

  test('passes over millions of rows fewer times', () => {
    expect(autoTable(facts(1_000)).epochs).toBe(100);
    expect(autoTable(facts(1_000_000)).epochs).toBeLessThan(30);
    expect(autoTable(facts(100_000_000)).epochs).toBe(10);
  });

  test('neither stops early nor looks for the best epoch without validation rows', () => {
    const recipe = autoTable({ ...facts(1_000), rows: { train: 1_000, validation: 0, test: 100 } });
    expect(recipe).toMatchObject({ patience: null, publish: 'final' });
    expect(recipe.reasons.patience).toBeUndefined();
    expect(recipe.epochs).toBeLessThan(100);
  });
});

describe('the spec of a job on a table', () => {
  const customers = churn();
  const job = { target: 'churned' };

  test('shows all that auto chose, and why', async () => {
    const spec = await specOn(customers, job);
    expect(spec.preset).toBe('auto');
    expect(spec.table).toMatchObject({ encoding: 'piecewise', bins: 4 });
    expect(spec.network.hidden).toHaveLength(3);
    expect(spec.optimizer).toMatchObject({ type: 'adamw', schedule: { type: 'flat_cosine', warmup: 0.03 } });
    const { reasons = {} } = spec;
    expect(Object.keys(reasons).sort()).toEqual([
      'batch_size',
      'bins',
      'encoding',
      'epochs',
      'network.hidden',
      'optimizer',
      'optimizer.schedule',
      'patience',
      'publish',
    ]);
    for (const reason of Object.values(reasons)) expect(reason).toMatch(/^[A-Z0-9].*\.$/);
  });

  test('has what the request names, without a reason', async () => {
    const request = {
      ...job,
      encoding: 'piecewise' as const,
      bins: 8,
      batch_size: 7,
      optimizer: { learning_rate: 0.01 },
    };
    const spec = await specOn(customers, request);
    const usual = await specOn(customers, job);
    expect(spec).toMatchObject({ batch_size: 7, table: { encoding: 'piecewise', bins: 8 } });
    expect(spec.optimizer).toEqual({ ...usual.optimizer, learning_rate: 0.01 });
    expect(spec.network.inputs).toBeGreaterThan(usual.network.inputs);
    const { reasons = {} } = spec;
    for (const field of ['encoding', 'bins', 'batch_size', 'optimizer'])
      expect(reasons).not.toHaveProperty(field);
    expect(reasons).toHaveProperty(['optimizer.schedule']);
    const without = await specOn(customers, { ...job, encoding: 'standard' });
    expect(without.table).not.toHaveProperty('bins');
    expect(without.reasons).not.toHaveProperty('bins');
  });

  test('has nothing of the recipe for another type of optimiser', async () => {
    const spec = await specOn(customers, { ...job, optimizer: { type: 'sgd' } });
    expect(spec.optimizer).toMatchObject({ type: 'sgd', learning_rate: 0.01, weight_decay: 0 });
    expect(spec.optimizer).not.toHaveProperty('schedule');
    expect(spec.reasons).not.toHaveProperty(['optimizer.schedule']);
  });

  test('that is plain is the classic one, with the standard encoding', async () => {
    const spec = await specOn(customers, { ...job, preset: 'plain' });
    expect(spec).toMatchObject({
      preset: 'plain',
      table: { encoding: 'standard' },
      network: { hidden: [{ units: 256, dropout: 0 }, { units: 256 }] },
      epochs: 50,
      batch_size: 64,
    });
    expect(spec).not.toHaveProperty('reasons');
    expect(spec).not.toHaveProperty('patience');
  });

  test('can be sent again as it is shown', async () => {
    const spec = await specOn(customers, job);
    const { network, optimizer, batch_size, epochs, patience = null, publish, table } = spec;
    const again = await specOn(customers, {
      ...job,
      network: { hidden: network.hidden },
      encoding: table?.encoding ?? 'standard',
      bins: table?.bins ?? 16,
      ...{ optimizer, batch_size, epochs, patience, publish, preset: 'plain' },
    });
    expect(again).toMatchObject({ network, optimizer, batch_size, epochs, patience, publish, table });
  });

  test('of a table whose columns are all constant still has a network', async () => {
    const constant = tableOf(
      ['a,b,y', ...Array.from({ length: 40 }, (_, i) => `7,x,${i % 2 ? 'u' : 'v'}`)].join('\n'),
    );
    const spec = await specOn(constant, { target: 'y' });
    expect(spec.network.inputs).toBeGreaterThan(0);
  });
});
