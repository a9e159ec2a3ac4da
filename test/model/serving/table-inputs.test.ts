/** Rows and columns as clients send them: what they become, and what is said of them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readColumn, type Cell } from '../../../src/lib/cells/columns.js';
import { applyTable, encodings } from '../../../src/model/preprocessing/table.js';
import { inputsOfColumns, inputsOfRows, readTableRows } from '../../../src/model/serving/table-inputs.js';
import { fitted, formats, houses, namedRow, type TestColumn } from '../small-table.js';

const preprocessing = fitted(houses);
const row = namedRow(houses, 1);
const count = 6;
const rows = Array.from({ length: count }, (_, index) => namedRow(houses, index));

/** What training makes of the same cells. */
function trained(columns: readonly TestColumn[] = houses, by = preprocessing): Float32Array {
  const read = columns.map(({ format, texts }) => readColumn(format, texts).column);
  return applyTable(
    by,
    read,
    Uint32Array.from({ length: count }, (_, index) => index),
  );
}

test('rows by name, rows in order, and columns are the inputs that training makes of the table', () => {
  const lists = rows.map((each) => houses.map(({ name }) => each[name]));
  const columns = new Map(houses.map(({ name, texts }) => [name, texts]));
  for (const read of [
    inputsOfRows(preprocessing, rows),
    inputsOfRows(preprocessing, lists),
    inputsOfRows(preprocessing, [...rows.slice(0, 3), ...lists.slice(3)]),
    inputsOfColumns(preprocessing, columns, count),
    readTableRows(preprocessing, rows),
    readTableRows(preprocessing, lists),
  ]) {
    expect(read.inputs).toEqual(trained());
    expect(read.count).toBe(count);
  }
});

test.each(encodings)('rows are what training makes of them with the encoding %s', (encoding) => {
  // What is served was read from a file, and fitted on some of the rows.
  const own = JSON.parse(JSON.stringify(fitted(houses, [0, 1, 2, 3], encoding))) as typeof preprocessing;
  expect(inputsOfRows(own, rows).inputs).toEqual(trained(houses, own));
  const alone = rows.flatMap((each) => [...inputsOfRows(own, [each]).inputs]);
  expect(Float32Array.from(alone)).toEqual(trained(houses, own));
});

test('the order of keys and further columns change nothing, and numbers may be texts', () => {
  const cell = fc.oneof(
    fc.integer({ min: -1000, max: 1000 }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  );
  const texts = fc.record({
    area: cell,
    city: fc.constantFrom('Oslo', 'Rome', 'Bergen', null),
    garden: fc.constantFrom(true, false, null),
    sold: fc.constantFrom('2024-01-05', '2024-01-05T10:00Z', null),
  });
  const others = houses.slice(4).map(({ name }) => name);
  fc.assert(
    fc.property(fc.array(texts, { minLength: 1, maxLength: 5 }), fc.nat(), (drawn, seed) => {
      const sent = drawn.map((each) => ({
        ...each,
        ...Object.fromEntries(others.map((name) => [name, row[name]])),
      }));
      const shuffled = sent.map((each) => {
        const entries = Object.entries(each).map(([name, value]): [string, unknown] => [
          name,
          name === 'area'
            ? String(value)
            : name === 'garden' && value !== null
              ? value
                ? 'YES'
                : 'no'
              : value,
        ]);
        const turned = [...entries.slice(seed % entries.length), ...entries.slice(0, seed % entries.length)];
        return Object.fromEntries([['id', 'x'], ...turned, ['price', { any: 'thing' }]]);
      });
      const plain = inputsOfRows(preprocessing, sent);
      const { inputs, warnings } = inputsOfRows(preprocessing, shuffled);
      expect(inputs).toEqual(plain.inputs);
      expect(warnings).toEqual(plain.warnings);
      const alone = sent.flatMap((each) => [...inputsOfRows(preprocessing, [{ ...row, ...each }]).inputs]);
      expect(Float32Array.from(alone)).toEqual(plain.inputs);
    }),
  );
});

test('names that objects inherit are columns like any other', () => {
  for (const name of ['__proto__', 'constructor', 'toString']) {
    const without = Object.fromEntries(Object.entries(row).filter(([key]) => key !== name));
    expect(() => inputsOfRows(preprocessing, [without])).toThrow(
      `The column ${name} is missing in all rows.`,
    );
    const { warnings } = inputsOfRows(preprocessing, [without, row]);
    expect(warnings).toEqual([
      { code: 'MISSING_VALUE', column: name, count: 1, message: `${name} has no value in 1 row.` },
    ]);
  }
});

test('lists of numbers may be packed, as large bodies are parsed', () => {
  const columns: TestColumn[] = Array.from({ length: 20 }, (_, index) => ({
    name: `n${index}`,
    format: formats.number,
    texts: ['1', '2', String(index)],
  }));
  const numbers = fitted(columns);
  const lists = [0, 1, 2].map((index) => columns.map(({ texts }) => Number(texts[index])));
  const expected = inputsOfRows(numbers, lists).inputs;
  const data = Float64Array.from(lists.flat());
  expect(inputsOfRows(numbers, { shape: [3, 20], data }).inputs).toEqual(expected);
  const [first, ...others] = lists;
  const packed = { shape: [20], data: Float64Array.from(first) };
  expect(inputsOfRows(numbers, [packed, ...others]).inputs).toEqual(expected);
  const deep = { shape: [3, 20, 1], data };
  expect(() => inputsOfRows(numbers, deep)).toThrow(
    'inputs[0][0] (n0) is a list; a finite number is expected.',
  );
  expect(() => inputsOfRows(numbers, { shape: [60], data })).toThrow('inputs[0] is 1; a row is an object');
});

describe('warns of', () => {
  test.each<[name: string, sent: object[], warnings: object[]]>([
    ['nothing', [row], []],
    [
      'missing values, whatever form they have',
      [{ ...row, area: null, city: '' }, { ...row, area: ' NA ', city: '?' }, row],
      [
        { code: 'MISSING_VALUE', column: 'area', count: 2, message: 'area has no value in 2 rows.' },
        { code: 'MISSING_VALUE', column: 'city', count: 2, message: 'city has no value in 2 rows.' },
      ],
    ],
    [
      'unseen categories',
      [{ ...row, city: 'Bergen' }, { ...row, city: 7 }, row],
      [
        {
          code: 'UNSEEN_CATEGORY',
          column: 'city',
          count: 2,
          message: 'city has a value in 2 rows that no training row had, first "Bergen".',
        },
      ],
    ],
    [
      'numbers far outside of the training rows',
      [{ ...row, area: -1e4 }, { ...row, area: 1e5, sold: '2199-01-01' }, row],
      [
        {
          code: 'OUT_OF_RANGE',
          column: 'area',
          count: 2,
          message: 'area is far outside of the training rows, 50 to 1000, in 2 rows, first -10000.',
        },
        {
          code: 'OUT_OF_RANGE',
          column: 'sold',
          count: 1,
          message:
            'sold is far outside of the training rows, 2021-01-01 to 2024-05-05, in 1 row, first 2199-01-01.',
        },
      ],
    ],
    [
      'unknown columns, and not of targets and columns that the dataset has',
      [{ ...row, rooms: 5, price: 3, id: 9 }, { ...row, rooms: 5 }, row],
      [
        {
          code: 'UNKNOWN_COLUMN',
          column: 'rooms',
          count: 2,
          message: 'rooms is no column of the model; it is not looked at.',
        },
      ],
    ],
  ])('%s', (_, sent, warnings) => {
    expect(inputsOfRows(preprocessing, sent).warnings).toEqual(warnings);
  });

  test('many unknown columns in a short list', () => {
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`x${index}`.repeat(100), 1]));
    const { warnings } = inputsOfRows(preprocessing, [{ ...row, ...many }]);
    expect(warnings).toHaveLength(20);
    expect(warnings.at(-1)?.message).toMatch(/Nor are 480 more\.$/);
    expect(JSON.stringify(warnings).length).toBeLessThan(5_000);
  });
});

describe('refuses', () => {
  const withoutArea = Object.fromEntries(Object.entries(row).filter(([name]) => name !== 'area'));

  test.each<[message: string, pointer: string, sent: unknown[]]>([
    [
      'inputs[1].area is "abc"; a finite number is expected.',
      '/inputs/1/area',
      [row, { ...row, area: 'abc' }],
    ],
    ['inputs[0].area is true; a finite number is expected.', '/inputs/0/area', [{ ...row, area: true }]],
    ['inputs[0].area is Infinity; a finite', '/inputs/0/area', [{ ...row, area: Infinity }]],
    ['inputs[0].area is a list; a finite', '/inputs/0/area', [{ ...row, area: [1] }]],
    ['inputs[0].city is an object; text is expected.', '/inputs/0/city', [{ ...row, city: { a: 1 } }]],
    [
      'inputs[0].garden is "maybe"; yes or no is expected.',
      '/inputs/0/garden',
      [{ ...row, garden: 'maybe' }],
    ],
    ['inputs[0].sold is "soon"; a date such as 2024-05-31', '/inputs/0/sold', [{ ...row, sold: 'soon' }]],
    [
      'inputs[0].__proto__ is "x"; a finite number, with , before decimals, is expected.',
      '/inputs/0/__proto__',
      [{ ...row, ['__proto__']: 'x' }],
    ],
    ['inputs[0][0] (area) is "x"; a finite', '/inputs/0/0', [['x', '', '', '', '', '', '']]],
    ['inputs[0] has 2 cells, and the model takes 7: area, city, garden, sold', '/inputs/0', [[1, 2]]],
    ['inputs[1] is 5; a row is an object by column name, or a list of 7 cells', '/inputs/1', [row, 5]],
    ['inputs[0] is null; a row', '/inputs/0', [null]],
    ['The column area is missing in all rows. Send null', '/inputs/0/area', [withoutArea]],
    [
      'The column area is missing in all rows. There is Aera, which the model does not know: did you mean area?',
      '/inputs/0/area',
      [{ ...withoutArea, Aera: 3 }, withoutArea],
    ],
    ['The columns area, city, garden', '/inputs/0/area', [{}]],
  ])('%s', (message, pointer, sent) => {
    sent = [{ ...row, ...Object.fromEntries([['area', 1]]) }, ...sent].slice(1);
    const error = problemWith(() => inputsOfRows(preprocessing, sent));
    expect(error).toMatchObject({ code: 'INVALID_REQUEST' });
    expect(error.message).toContain(message);
    expect(error.pointer).toBe(pointer);
  });

  test('a column that is missing or cannot be read, where columns are sent', () => {
    const columns = new Map<string, Cell[]>(houses.map(({ name }) => [name, [row[name]]]));
    const read = (changed: [string, Cell[]][]) => () =>
      inputsOfColumns(preprocessing, new Map([...columns, ...changed]), 1, 'inputs', (column) => [
        'inputs',
        column,
      ]);
    expect(problemWith(read([['area', ['abc']]]))).toMatchObject({
      message: 'inputs[0].area is "abc"; a finite number is expected.',
      pointer: '/inputs/area',
    });
    columns.delete('city');
    expect(problemWith(read([['town', ['Oslo']]])).message).toContain(
      'The column city is missing in all rows.',
    );
  });
});

describe('rows of a file', () => {
  const names = ['id', ...houses.map(({ name }) => name), 'more'];
  const good = ['7', ...houses.map(({ texts }) => texts[1] ?? null), 'x'];

  test('are read by the header, and a bad one spoils only itself', () => {
    const bad = good.with(1, 'many');
    const { inputs, problems, warnings } = readTableRows(
      preprocessing,
      [good, bad, good.slice(1), 5, good],
      names,
    );
    expect(problems).toEqual([
      null,
      'area is "many"; a finite number is expected.',
      'The row has 8 cells, and the header has 9.',
      expect.stringContaining('The row is 5; a row is an object'),
      null,
    ]);
    const { width } = preprocessing;
    const alone = inputsOfRows(preprocessing, [row]).inputs;
    expect(inputs.slice(0, width)).toEqual(alone);
    expect(inputs.slice(4 * width)).toEqual(alone);
    expect(warnings.map(({ code, column, count: times }) => [code, column, times])).toEqual([
      ['UNKNOWN_COLUMN', 'more', 5],
    ]);
  });

  test('without a column of the model are refused as a whole', () => {
    expect(() => readTableRows(preprocessing, [good.slice(0, -2)], names.slice(0, -2))).toThrow(
      'The column toString is missing in all rows.',
    );
  });
});

function problemWith(work: () => unknown): { message: string; pointer?: string } {
  try {
    work();
  } catch (error) {
    return error as { message: string; pointer?: string };
  }
  throw new Error('Nothing was refused');
}
