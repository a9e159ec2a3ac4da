import { describe, expect, test } from 'vitest';
import type { JobRequest } from '../../../src/jobs/runs/job-request.js';
import { trainingSpecOf } from '../../../src/jobs/runs/run-spec.js';
import { runSpec } from '../../../src/jobs/runs/spec-shape.js';
import { churn, specOn, tableOf, type SmallTable } from '../small-table.js';

const customers = churn();
const on = (request: JobRequest = {}) => specOn(customers, request);
const columnsOf = async (request: JobRequest, table: SmallTable = customers) =>
  Object.fromEntries(
    (await specOn(table, request)).table?.columns.map((column) => [column.name, column]) ?? [],
  );

/** A table of one number and these targets. */
const withTargets = (...targets: string[]): SmallTable =>
  tableOf(['x,y', ...targets.map((target, row) => `${row / 7},${target}`)].join('\n'));
const many = (count: number, make: (row: number) => string | number): string[] =>
  Array.from({ length: count }, (_, row) => String(make(row)));

const refusal = (pointer: string, message: RegExp) =>
  expect.objectContaining({
    code: 'INVALID_REQUEST',
    pointer,
    message: expect.stringMatching(message) as string,
  }) as Error;

test('a job on a table that says nothing learns what the table was uploaded for', async () => {
  const spec = await on();
  expect(runSpec(JSON.parse(JSON.stringify(spec)), '')).toBeNull();
  expect(spec).toMatchObject({
    model: 'churn',
    dataset: { name: 'churn', version: 3, sha256: customers.info.sha256 },
    task: 'classification',
    split: { by: 'stratified', column: null, validation: 0.1, test: 0.1 },
    network: {
      inputs: expect.any(Number) as number,
      hidden: expect.any(Array) as unknown[],
      outputs: 2,
    },
    loss: 'cross_entropy',
    preset: 'auto',
    publish: 'best',
    table: {
      target: ['churned'],
      targets: { kind: 'classes', labels: ['No', 'Yes'] },
      class_weight: 'none',
      rows: { train: 144, validation: 18, test: 18, left_out: 20, without_target: 20 },
    },
    steps: spec.epochs * Math.ceil(144 / spec.batch_size),
  });
  const roles = await columnsOf({});
  expect(roles).toMatchObject({
    customer: { role: 'ignore' },
    age: { role: 'feature' },
    churned: { role: 'target' },
  });
});

test('a job shows what it does with each column, in a form that can be sent again', async () => {
  const request: JobRequest = {
    target: 'city',
    columns: { household: { role: 'group' }, weight: { role: 'weight' }, customer: { type: 'category' } },
    class_weight: { Oslo: 2 },
    split: { test: 0.3 },
  };
  const shown = trainingSpecOf(await on(request));
  const { target, columns, class_weight, split, task } = shown;
  expect(columns?.slice(0, 2)).toEqual([
    { name: 'customer', role: 'feature', type: 'category' },
    { name: 'age', role: 'feature', type: 'number' },
  ]);
  expect(split).toEqual({ by: 'group', column: 'household', validation: 0.1, test: 0.3 });
  const { by, column, ...fractions } = split as {
    by: 'group';
    column: string;
    validation: number;
    test: number;
  };
  const again = await on({
    task,
    target: target ?? [],
    columns: columns ?? [],
    class_weight: class_weight ?? 'none',
    split: { by, column, ...fractions },
  });
  expect(again).toEqual(await on(request));
});

describe('the task', () => {
  test.each<[string, string[], object]>([
    [
      'booleans and categories are classes',
      many(40, (row) => ['b', 'a', 'C'][row % 3] ?? ''),
      { labels: ['C', 'a', 'b'] },
    ],
    ['two whole numbers are classes', many(10, (row) => row % 2), { labels: ['0', '1'] }],
    [
      'few whole numbers in many rows each are classes',
      many(100, (row) => 10 - (row % 10)),
      { labels: many(10, (i) => i + 1) },
    ],
    ['few whole numbers in few rows each are numbers', many(49, (row) => row % 5), { names: ['y'] }],
    ['more than ten whole numbers are numbers', many(440, (row) => row % 11), { names: ['y'] }],
    ['fractions are numbers', many(40, (row) => (row % 2) + 0.5), { names: ['y'] }],
  ])('%s', async (_, targets, expected) => {
    expect((await specOn(withTargets(...targets), { target: 'y' })).table?.targets).toMatchObject(expected);
  });

  test('is what the request says', async () => {
    const ratings = withTargets(...many(100, (row) => row % 5));
    expect(await specOn(ratings, { target: 'y', task: 'regression' })).toMatchObject({
      task: 'regression',
      loss: 'mse',
    });
    const fractions = withTargets(...many(40, (row) => 0.5 * (row % 3)));
    expect((await specOn(fractions, { target: 'y', task: 'classification' })).table?.targets).toEqual({
      kind: 'classes',
      labels: ['0', '0.5', '1'],
    });
  });

  test('orders classes as numbers where all of them are, also as texts', async () => {
    const zips = withTargets(...many(60, (row) => ['10', '9', '007', 'x'][row % 3] ?? ''));
    const spec = await specOn(zips, { target: 'y', columns: { y: { type: 'category' } } });
    expect(spec.table?.targets).toEqual({ kind: 'classes', labels: ['007', '9', '10'] });
  });

  test('is a regression of several numbers', async () => {
    const spec = await on({ target: ['tenure', 'spent'] });
    expect(spec).toMatchObject({
      task: 'regression',
      network: { outputs: 2 },
      table: { targets: { kind: 'values', names: ['tenure', 'spent'] }, rows: { without_target: 0 } },
      split: { by: 'random' },
    });
  });
});

describe('a target', () => {
  const nothing = tableOf('a,b\n1,2\n3,4');

  test.each<[string, SmallTable, JobRequest, string, RegExp]>([
    ['that nobody named', nothing, {}, '/target', /one or more of the columns of small: "a", "b"/],
    [
      'that is no column',
      customers,
      { target: 'churnd' },
      '/target',
      /no column "churnd"\. Did you mean "churned"\?/,
    ],
    [
      'that is no column, of several',
      customers,
      { target: ['spent', 'x'] },
      '/target/1',
      /"customer", "age"/,
    ],
    ['that is named twice', customers, { target: ['age', 'age'] }, '/target/1', /named twice/],
    [
      'that another role names',
      customers,
      { target: 'spent', columns: { age: { role: 'target' } } },
      '/columns/age/role',
      /target does not name it/,
    ],
    [
      'that is a feature too',
      customers,
      { columns: { churned: { role: 'feature' } } },
      '/columns/churned/role',
      /is the target/,
    ],
    [
      'with one class',
      withTargets(...many(9, () => 'a')),
      { target: 'y' },
      '/target',
      /Every row has the same "y", "a"/,
    ],
    [
      'without a value',
      withTargets(...many(9, () => '')),
      { target: 'y', task: 'classification' },
      '/target',
      /No row has a "y"/,
    ],
    [
      'with a value in every row',
      customers,
      { target: 'customer' },
      '/target',
      /200 distinct values in 200 rows.*id or free text/,
    ],
    [
      'with too many classes',
      withTargets(...many(600, (row) => `v${row}`)),
      { target: 'y' },
      '/target',
      /600 distinct values.*2 to 500/,
    ],
    ['that is a date', customers, { target: 'joined' }, '/target', /datetime.*number, boolean, category/],
    ['that is no number', customers, { target: 'city', task: 'regression' }, '/task', /"city" is a category/],
    [
      'of several that is no number',
      customers,
      { target: ['spent', 'city'] },
      '/target',
      /"city" is a category/,
    ],
    [
      'of several, as classes',
      customers,
      { target: ['age', 'spent'], task: 'classification' },
      '/target',
      /has one target/,
    ],
    ['that never varies', withTargets(...many(40, () => 1.5)), { target: 'y' }, '/target', /same "y"/],
    [
      'that is too large',
      withTargets(...many(40, (row) => (row === 8 ? '1e39' : row + 0.5))),
      { target: 'y' },
      '/target',
      /row 8, counted from 0, is 1e\+39/,
    ],
  ])('%s is refused', async (_, table, request, pointer, message) => {
    await expect(specOn(table, request)).rejects.toThrow(refusal(pointer, message));
  });
});

describe('a column', () => {
  const codes = tableOf(
    [
      'zip,year,code,price,y',
      ...many(40, (row) => `0${row % 5},${2000 + (row % 4)},${row % 8 === 0 ? 'x' : row},"1.5",${row % 2}`),
    ].join('\n'),
  );

  test('is read as the type that the job gives it', async () => {
    const columns = await columnsOf(
      {
        target: 'y',
        columns: { zip: { type: 'category' }, year: { type: 'category' }, code: { type: 'number' } },
      },
      codes,
    );
    expect(columns).toMatchObject({
      zip: { role: 'feature', format: { type: 'category' }, distinct: 5, has_missing: false, unreadable: 0 },
      year: { format: { type: 'category' }, distinct: 4 },
      code: { format: { type: 'number', decimal: '.' }, distinct: 35, has_missing: true, unreadable: 5 },
    });
  });

  test('that cannot be read as the type that the job gives it is refused', async () => {
    const columns = { city: { type: 'number' } } as const;
    await expect(on({ columns })).rejects.toThrow(
      refusal(
        '/columns/city/type',
        /No cell of "city" can be read as number; the first value is "(Oslo|Bergen|Bodø)"/,
      ),
    );
  });

  test('that is an id or a text is left out, unless the job gives it a type to learn from', async () => {
    expect(await columnsOf({ columns: { customer: { type: 'category' } } })).toMatchObject({
      customer: { role: 'feature', format: { type: 'category' } },
    });
    await expect(on({ columns: { customer: { role: 'feature' } } })).rejects.toThrow(
      refusal(
        '/columns/customer/role',
        /of the type id.*one of the types: number, boolean, datetime, category/,
      ),
    );
  });

  test('may have any name', async () => {
    const hostile = tableOf(
      ['__proto__,constructor,a/b~c', ...many(40, (row) => `${row},${row * 2},${row % 2}`)].join('\n'),
    );
    const spec = await specOn(hostile, {
      target: 'a/b~c',
      columns: [
        { name: '__proto__', role: 'ignore' },
        { name: 'constructor', type: 'number' },
      ],
    });
    expect(spec.table?.columns.map(({ name, role }) => [name, role])).toEqual([
      ['__proto__', 'ignore'],
      ['constructor', 'feature'],
      ['a/b~c', 'target'],
    ]);
    await expect(
      specOn(hostile, { target: '__proto__', columns: { 'a/b~c': { role: 'weight', type: 'text' } } }),
    ).rejects.toThrow(refusal('/columns/a~1b~0c/type', /of the type text/));
  });

  test.each<[string, JobRequest, string, RegExp]>([
    ['that there is not', { columns: { agee: { role: 'ignore' } } }, '/columns/agee', /Did you mean "age"\?/],
    [
      'that there is not, in a list',
      { columns: [{ name: 'agee' }] },
      '/columns/0/name',
      /Did you mean "age"\?/,
    ],
    ['that is named twice', { columns: [{ name: 'age' }, { name: 'age' }] }, '/columns/1', /named twice/],
    [
      'that weighs beside another',
      { columns: { age: { role: 'weight' }, spent: { role: 'weight' } } },
      '/columns/spent/role',
      /weight already/,
    ],
    [
      'that weighs and is no number',
      { columns: { city: { role: 'weight' } } },
      '/columns/city/role',
      /of the type category/,
    ],
  ])('%s is refused', async (_, request, pointer, message) => {
    await expect(on(request)).rejects.toThrow(refusal(pointer, message));
  });

  test('must be left to learn from', async () => {
    const names = customers.info.schema.columns.map(({ name }) => name).filter((name) => name !== 'churned');
    const columns = names.map((name) => ({ name, role: 'ignore' as const }));
    await expect(on({ columns })).rejects.toThrow(refusal('/columns', /No column of churn is left/));
  });
});

describe('a split', () => {
  const parts = (...names: string[]) =>
    tableOf(
      ['x,part,y', ...many(40, (row) => `${row},${names[row % names.length] ?? ''},${(row >> 2) % 2}`)].join(
        '\n',
      ),
    );

  test('by a column takes the rows that it names, in common spellings', async () => {
    const spec = await specOn(parts('Train', 'training', 'VAL', 'test', ''), {
      target: 'y',
      columns: { part: { role: 'split' } },
    });
    expect(spec).toMatchObject({
      split: { by: 'column', column: 'part', validation: 0, test: 0 },
      publish: 'best',
      table: { rows: { train: 16, validation: 8, test: 8, left_out: 8, without_target: 0 } },
    });
  });

  test('by a column without validation rows sets some of its training rows apart', async () => {
    const spec = await specOn(parts('train', 'train', 'train', 'test'), {
      target: 'y',
      split: { by: 'column', column: 'part', validation: 0.2 },
    });
    expect(spec.table?.rows).toMatchObject({ train: 24, validation: 6, test: 10 });
  });

  test('without test and validation rows has none, and publishes the last epoch', async () => {
    const spec = await on({ split: { validation: 0, test: 0 } });
    expect(spec).toMatchObject({ publish: 'final', table: { rows: { train: 180, validation: 0, test: 0 } } });
    await expect(on({ publish: 'best', split: { validation: 0 } })).rejects.toThrow(
      refusal('/split/validation', /must be above 0/),
    );
  });

  test.each<[string, JobRequest, string, RegExp]>([
    ['by groups of no column', { split: { by: 'group' } }, '/split/column', /must name the column/],
    [
      'by a column that there is not',
      { split: { by: 'time', column: 'joind' } },
      '/split/column',
      /Did you mean "joined"/,
    ],
    ['by a column without a way', { split: { column: 'joined' } }, '/split/by', /column, time, group/],
    [
      'at random by a column',
      { split: { by: 'random', column: 'joined' } },
      '/split/by',
      /column, time, group/,
    ],
    [
      'at random beside groups',
      { split: { by: 'random' }, columns: { household: { role: 'group' } } },
      '/split/by',
      /role group/,
    ],
    [
      'by two columns',
      { columns: { household: { role: 'group' }, joined: { role: 'time' } } },
      '/columns/household/role',
      /cannot both/,
    ],
    [
      'by another column than the role says',
      { split: { by: 'group', column: 'city' }, columns: { household: { role: 'group' } } },
      '/columns/household/role',
      /divided by group of "city"/,
    ],
    [
      'by a time that is none',
      { split: { by: 'time', column: 'city' } },
      '/split/column',
      /of the type category/,
    ],
    [
      'by values that name no split',
      { split: { by: 'column', column: 'city' } },
      '/split/column',
      /row \d+ is "(Oslo|Bergen|Bodø)"/,
    ],
    [
      'by classes where there are none',
      { target: 'spent', split: { by: 'stratified' } },
      '/split/by',
      /needs classes/,
    ],
  ])('%s is refused', async (_, request, pointer, message) => {
    await expect(on(request)).rejects.toThrow(refusal(pointer, message));
  });

  test('of a fraction that the column decides is refused', async () => {
    const request: JobRequest = { target: 'y', split: { by: 'column', column: 'part', test: 0.1 } };
    await expect(specOn(parts('train', 'val', 'test'), request)).rejects.toThrow(
      refusal('/split/test', /names the test rows/),
    );
  });

  test('that leaves no rows on a side is refused with the numbers', async () => {
    await expect(specOn(withTargets('a', 'b', 'a', 'b'), { target: 'y' })).rejects.toThrow(
      refusal(
        '/split/validation',
        /Of the 4 rows of small with a target, 4 would be to train on, 0 to validate/,
      ),
    );
  });

  test('that leaves one class to train on is refused', async () => {
    const lines = many(40, (row) => `${row},${row % 7},${row < 30 ? 'a' : 'b'}`);
    const sorted = tableOf(['x,z,y', ...lines].join('\n'));
    const split = { by: 'time', column: 'x', test: 0.2, validation: 0.1 } as const;
    await expect(specOn(sorted, { target: 'y', split })).rejects.toThrow(
      refusal('/split', /All 28 training rows have the class "a"/),
    );
  });
});

describe('weights', () => {
  const weighted = (weightOf: (row: number) => string | number) =>
    tableOf(['x,w,y', ...many(40, (row) => `${row},${weightOf(row)},${(row >> 1) % 2}`)].join('\n'));
  const columns: JobRequest['columns'] = { w: { role: 'weight' } };

  test.each<[string, (row: number) => string | number, RegExp]>([
    ['negative', (row) => (row === 6 ? -0.5 : 1), /row 6, counted from 0, is -0.5/],
    ['missing', (row) => (row === 7 ? '' : 1), /row 7, counted from 0, is missing/],
    ['all 0', () => 0, /All 32 train rows have the weight 0/],
  ])('that are %s are refused', async (_, weightOf, message) => {
    await expect(specOn(weighted(weightOf), { target: 'y', columns })).rejects.toThrow(
      refusal('/columns/w/role', message),
    );
  });

  test('of classes are those of labels that there are', async () => {
    expect((await on({ class_weight: { Yes: 3 } })).table?.class_weight).toEqual({ Yes: 3 });
    for (const [class_weight, message] of [
      [{ yes: 3 }, /no class "yes"\. Did you mean "Yes"\?/],
      [{ Yes: 0, No: 0 }, /At least one class/],
    ] as const) {
      await expect(on({ class_weight })).rejects.toThrow(refusal('/class_weight', message));
    }
    await expect(on({ target: 'spent', class_weight: 'balanced' })).rejects.toThrow(
      refusal('/class_weight', /needs classes/),
    );
  });
});

test('the memory that the samples of a table take counts', async () => {
  const { info, content } = customers;
  const { resolveTable } = await import('../../../src/jobs/intake/resolve-table.js');
  const { resolveSpec } = await import('../../../src/jobs/intake/resolve-spec.js');
  const resolved = await resolveTable({}, info, content, 0);
  const rows = { ...resolved.table.rows, train: 3_000_000 };
  const work = { kind: 'table' as const, info, ...resolved, table: { ...resolved.table, rows } };
  expect(() => resolveSpec({}, work, { trainingMemoryLimitBytes: 2 ** 28 }, new Date(0))).toThrow(
    expect.objectContaining({ code: 'NETWORK_TOO_LARGE' }),
  );
});
