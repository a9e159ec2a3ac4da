/** From columns to inputs: widths known beforehand, finite whatever the numbers, the same bits for any batch. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CellFormat } from '../../../src/lib/cells/cell-format.js';
import { readColumn, type Column } from '../../../src/lib/cells/columns.js';
import {
  applyTable,
  encodings,
  fitTable,
  plannedWidth,
  type ColumnPlan,
  type Encoding,
} from '../../../src/model/preprocessing/table.js';
import { problemOfRecord } from '../../../src/model/preprocessing/table-record.js';
import { fitted, formats, houses } from '../small-table.js';

const number = formats.number;
const category = formats.category;
const none = { targets: [], ignored: [] };

const all = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, row) => row);

/** One column of numbers → (rows, width). */
function inputsOf(
  values: number[],
  of = values,
  hasMissing = of.some(Number.isNaN),
  encoding: Encoding = 'standard',
): number[][] {
  const distinct = new Set(of).size;
  const plan = { name: 'x', format: number, distinct, hasMissing, encoding };
  const column = { kind: 'numbers' as const, values: Float64Array.from(of) };
  const preprocessing = fitTable([plan], [column], all(of.length), none);
  const asked = { kind: 'numbers' as const, values: Float64Array.from(values) };
  return rowsOf(applyTable(preprocessing, [asked], all(values.length)), preprocessing.width);
}

function levelInputs(texts: string[], of: string[], plan: Partial<ColumnPlan> = {}): number[][] {
  const full = {
    name: 'x',
    format: category,
    distinct: new Set(of.filter(Boolean)).size,
    hasMissing: of.includes(''),
    ...plan,
  };
  const preprocessing = fitTable([full], [readColumn(category, of).column], all(of.length), none);
  const inputs = applyTable(preprocessing, [readColumn(category, texts).column], all(texts.length));
  return rowsOf(inputs, preprocessing.width);
}

function rowsOf(inputs: Float32Array, width: number): number[][] {
  return Array.from({ length: inputs.length / width }, (_, row) => [
    ...inputs.subarray(row * width, (row + 1) * width),
  ]);
}

describe('a column of numbers', () => {
  test('is standardised, and a missing one is the median with a flag', () => {
    const inputs = inputsOf([1, 2, NaN, 6, 3]);
    const std = Math.sqrt((4 + 1 + 9 + 0) / 4);
    const expected = [
      [-2 / std, 0],
      [-1 / std, 0],
      [-0.5 / std, 1],
      [3 / std, 0],
      [0, 0],
    ];
    expect(inputs).toEqual(expected.map((row) => row.map(Math.fround)));
  });

  test('has no flag where the whole table has no missing cell, and still takes one', () => {
    expect(inputsOf([NaN], [1, 3])).toEqual([[0]]);
  });

  test.each<[string, number[]]>([
    ['one value', [7, 7, 7]],
    ['nothing', [NaN, NaN]],
    ['one value and nothing', [7, NaN, 7]],
    ['numbers too close for their deviation', [0, 5e-324]],
  ])('that has %s in the training rows is 0, whatever comes later', (_, of) => {
    for (const later of [7, 8, NaN, 1e300]) expect(inputsOf([later], of, true)[0]?.[0]).toBe(0);
  });

  test('is finite for any numbers', () => {
    const any = fc.double({ noDefaultInfinity: true });
    const extreme = fc.constantFrom(
      1e300,
      -1e300,
      Number.MAX_VALUE,
      -Number.MAX_VALUE,
      5e-324,
      2e-308,
      0,
      NaN,
    );
    const numbers = fc.array(fc.oneof(any, extreme), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(numbers, numbers, (values, of) => {
        expect(inputsOf(values, of, true).flat().every(Number.isFinite)).toBe(true);
      }),
    );
  });
});

describe('a column of numbers with the encoding robust', () => {
  const robust = (values: number[], of: number[]): number[] =>
    inputsOf(values, of, false, 'robust').map(([input]) => input);
  const clipped = (t: number): number => Math.fround(t / Math.sqrt(1 + (t / 3) ** 2));

  test('is its distance from the median in distances of the quartiles, smoothly clipped', () => {
    // Quartiles 1 and 3.
    expect(robust([0, 1, 2, 4, 100, NaN], [0, 1, 2, 3, 4])).toEqual([-1, -0.5, 0, 1, 49, 0].map(clipped));
  });

  test('has half of the range for a distance where most numbers are the same', () => {
    expect(robust([0, 5, 10], [0, 0, 0, 0, 0, 0, 0, 0, 5, 10])).toEqual([0, 1, 2].map(clipped));
  });

  test('of two numbers is the same with either sign, and 0 where it is missing', () => {
    expect(robust([7, 9, NaN], [7, 7, 7, 9])).toEqual([-1, 1, 0].map(clipped));
  });

  test('has the same inputs in any unit, and none of what rounding leaves', () => {
    const numbers = [1, 2, 3, 5, 8, 13];
    const small = numbers.map((each) => each * 2 ** -60);
    expect(robust(small, small)).toEqual(robust(numbers, numbers));
    expect(robust([0.3, 0.1 + 0.2, 5], [0.3, 0.1 + 0.2])).toEqual([0, 0, 0]);
  });

  test('lies within 3 for any numbers', () => {
    const any = fc.double({ noDefaultInfinity: true });
    fc.assert(
      fc.property(fc.array(any, { minLength: 1 }), fc.array(any), (of, later) => {
        for (const input of robust([...of, ...later], of)) expect(Math.abs(input)).toBeLessThanOrEqual(3);
      }),
    );
  });
});

describe('a column of numbers with the encoding piecewise', () => {
  /** Without the first input, which is that of robust. */
  const bins = (values: number[], of: number[]): number[][] =>
    inputsOf(values, of, false, 'piecewise').map(([, ...rest]) => rest);

  test('says for each bin between two numbers how much of it lies below, and never more than all', () => {
    expect(bins([-9, 0, 1, 2, 3, 8, 99], [0, 2, 4, 8])).toEqual([
      [0, 0, 0],
      [0, 0, 0],
      [0.5, 0, 0],
      [1, 0, 0],
      [1, 0.5, 0],
      [1, 1, 1],
      [1, 1, 1],
    ]);
  });

  test('has 16 bins of as many rows each where there are more numbers', () => {
    const of = Array.from({ length: 161 }, (_, row) => row ** 2);
    const [quarter] = bins([40 ** 2], of);
    expect(quarter).toEqual([1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  test('has as many bins as the plan says', () => {
    const values = Float64Array.from({ length: 161 }, (_, row) => row ** 2);
    const columns = [{ kind: 'numbers' as const, values }];
    const piecewise = { encoding: 'piecewise' as const, bins: 4 };
    const plan = { name: 'x', format: number, distinct: 161, hasMissing: false, ...piecewise };
    const inputs = applyTable(fitTable([plan], columns, all(161), none), columns, Uint32Array.of(80));
    expect([...inputs].slice(1)).toEqual([1, 1, 0, 0]);
  });

  test('takes the median for a missing number, and leaves places 0 that the training rows have no use for', () => {
    const columns = [{ kind: 'numbers' as const, values: Float64Array.of(1, 2, 3, 4, 5, NaN) }];
    const plan = { name: 'x', format: number, distinct: 5, hasMissing: true, encoding: 'piecewise' as const };
    const preprocessing = fitTable([plan], columns, Uint32Array.of(0, 1, 2), none);
    expect(preprocessing.width).toBe(6);
    const inputs = rowsOf(applyTable(preprocessing, columns, all(6)), 6);
    expect(inputs[5]).toEqual([0, 1, 0, 0, 0, 0]);
    expect(inputs[4]?.slice(1)).toEqual([1, 1, 0, 0, 0]);
  });

  test('has no bins for two numbers', () => {
    expect(bins([1, 2], [1, 2])).toEqual([[], []]);
  });

  test('lies between 0 and 1 for any numbers', () => {
    const any = fc.double({ noDefaultInfinity: true });
    fc.assert(
      fc.property(fc.array(any, { minLength: 1 }), fc.array(any), (of, later) => {
        for (const input of bins([...of, ...later], of).flat()) {
          expect(input).toBeGreaterThanOrEqual(0);
          expect(input).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
});

test.each(['robust', 'piecewise'] as const)(
  'a category of two levels is 1 or -1 with the encoding %s, and 0 where it is neither',
  (encoding) => {
    const inputs = levelInputs(['b', 'a', '', 'unseen'], ['b', 'a', 'b', ''], { encoding });
    expect(inputs).toEqual([
      [1, 0],
      [-1, 0],
      [0, 1],
      [0, 0],
    ]);
    expect(levelInputs(['a', 'b', 'c'], ['a', 'b', 'c'], { encoding })[0]).toEqual([1, 0, 0]);
  },
);

describe('a category', () => {
  test('has a place for each level, the commonest first, and a flag', () => {
    const of = ['b', 'a', 'b', '', 'c'];
    const expected = [
      [1, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 0, 1, 0],
      [0, 0, 0, 1],
      [0, 0, 0, 0],
    ];
    expect(levelInputs(['b', 'a', 'c', '?', 'unseen'], of)).toEqual(expected);
  });

  test('with more than 32 levels keeps the commonest 31, and puts the others and unseen ones together', () => {
    const levels = Array.from({ length: 40 }, (_, index) => `level ${String(index).padStart(2, '0')}`);
    const of = [...levels, ...levels.slice(5)];
    const place = (level: string): number => levelInputs([level], of)[0]?.indexOf(1) ?? -1;
    expect(levelInputs(['level 39'], of)[0]).toHaveLength(32);
    expect(place('level 05')).toBe(0);
    expect(place('level 35')).toBe(30);
    for (const level of ['level 36', 'level 04', 'unseen']) expect(place(level)).toBe(31);
  });

  test('whose other levels are in no training row leaves their places 0', () => {
    expect(levelInputs(['a', 'b', 'c'], ['a', 'b'], { distinct: 5 })).toEqual([
      [1, 0, 0, 0, 0],
      [0, 1, 0, 0, 0],
      [0, 0, 0, 0, 0],
    ]);
  });
});

test('a boolean is -1, 1 or, where it is missing, 0 with a flag', () => {
  const [, , garden] = houses;
  const preprocessing = fitted([garden]);
  const inputs = applyTable(preprocessing, [readColumn(garden.format, garden.texts).column], all(6));
  expect(rowsOf(inputs, 2)).toEqual([
    [1, 0],
    [-1, 0],
    [-1, 0],
    [1, 0],
    [0, 1],
    [-1, 0],
  ]);
});

test('a moment is its time, and where it lies in its year, its week and, where there are times, its day', () => {
  const format: CellFormat = { type: 'datetime', order: 'ymd', missing: [] };
  const inputs = (texts: string[]): number[][] => {
    const column = readColumn(format, texts).column;
    const plan = { name: 'x', format, distinct: texts.length, hasMissing: false };
    const preprocessing = fitTable([plan], [column], all(texts.length), none);
    expect(preprocessing.width).toBe(7);
    return rowsOf(applyTable(preprocessing, [column], all(texts.length)), 7);
  };
  // A Monday, and the Thursday of the week after.
  const [monday, thursday] = inputs(['2024-01-01', '2024-01-11']);
  expect(monday.map((input) => Math.round(input * 100) / 100 + 0)).toEqual([-1, 0, 1, 0, 1, 0, 0]);
  expect(thursday.slice(3, 5).map((input) => Math.round(input * 100) / 100 + 0)).toEqual([0.43, -0.9]);
  const [, evening] = inputs(['2024-01-01T00:00Z', '2024-01-01T18:00Z']);
  expect(evening.slice(5).map((input) => Math.round(input * 100) / 100 + 0)).toEqual([-1, 0]);
});

describe('any table', () => {
  const cell = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('1', '2.5', '-7', 'a', 'b', 'yes', 'no', '2024-02-29', '') },
    fc.string(),
  );
  const anyFormat = fc.constantFrom(...Object.values(formats));
  const anyTable = fc
    .tuple(fc.array(anyFormat, { minLength: 1, maxLength: 6 }), fc.integer({ min: 1, max: 40 }))
    .chain(([columnFormats, count]) =>
      fc.tuple(
        ...columnFormats.map((format) =>
          fc
            .array(cell, { minLength: count, maxLength: count })
            .map((texts) => ({ format, texts, column: readColumn(format, texts).column })),
        ),
      ),
    );

  function planned(table: { format: CellFormat; column: Column }[], encoding: Encoding): ColumnPlan[] {
    return table.map(({ format, column }, index) => ({
      name: `column ${index}`,
      format,
      distinct: column.kind === 'levels' ? column.levels.length : column.values.length,
      hasMissing: column.kind === 'levels' ? column.codes.includes(-1) : column.values.some(Number.isNaN),
      encoding,
    }));
  }

  test('has the planned width, a record that can be read back, and the same bits one row at a time', () => {
    fc.assert(
      fc.property(anyTable, fc.nat(), fc.constantFrom(...encodings), (table, seed, encoding) => {
        const columns = table.map(({ column }) => column);
        const count = table[0]?.texts.length ?? 0;
        const training = all(count).filter((row) => (row + seed) % 3 !== 0);
        const plans = planned(table, encoding);
        const made = fitTable(plans, columns, training, none);
        expect(made).toEqual(fitTable(plans, columns, training.toReversed(), none));
        const preprocessing = JSON.parse(JSON.stringify(made)) as typeof made;
        expect(problemOfRecord(preprocessing)).toBeNull();
        expect(preprocessing.width).toBe(plannedWidth(plans));
        const together = applyTable(preprocessing, columns, all(count));
        expect(together.every(Number.isFinite)).toBe(true);
        const alone = [...all(count)].map((row) =>
          Buffer.from(applyTable(made, columns, Uint32Array.of(row)).buffer),
        );
        expect(Buffer.concat(alone).equals(Buffer.from(together.buffer))).toBe(true);
      }),
    );
  });

  test.each(encodings)('has the same bits for many rows with the encoding %s', (encoding) => {
    const preprocessing = fitted(houses, undefined, encoding);
    const columns = houses.map(({ format, texts }) => readColumn(format, texts).column);
    const rows = Uint32Array.from({ length: 10_000 }, (_, row) => (row * 7) % 6);
    const many = applyTable(preprocessing, columns, rows);
    const six = applyTable(preprocessing, columns, all(6));
    const { width } = preprocessing;
    const repeated = [...rows].map((of) => Buffer.from(six.slice(of * width, (of + 1) * width).buffer));
    expect(Buffer.concat(repeated).equals(Buffer.from(many.buffer))).toBe(true);
  });
});

describe('a record', () => {
  test('keeps the range and the levels of the training rows', () => {
    const seen = fitted(houses, [0, 1, 2]).columns.map((column) => [column.name, column.seen]);
    expect(Object.fromEntries(seen.slice(0, 3))).toEqual({
      area: { kind: 'numbers', missing: 1, min: 50, median: 65.25, max: 80.5 },
      city: { kind: 'levels', missing: 0, distinct: 2, levels: ['Oslo', 'Rome'] },
      garden: { kind: 'numbers', missing: 0, min: 0, median: 0, max: 1 },
    });
  });

  test('keeps as many levels as there is room for', () => {
    const texts = Array.from({ length: 3_000 }, (_, index) => `${index}`);
    const column = readColumn(category, texts).column;
    const plan = { name: 'x', format: category, distinct: 3_000, hasMissing: false };
    const [made] = fitTable([plan], [column], all(3_000), none).columns;
    expect(made.seen).toMatchObject({ distinct: 3_000 });
    expect(made.seen.kind === 'levels' ? made.seen.levels : []).toHaveLength(1_000);
  });

  const record = JSON.stringify(fitted(houses.slice(0, 4)));

  test.each<[problem: string, from: string, to: string]>([
    ['/kind is not table', '"kind":"table"', '"kind":"tree"'],
    ['/width is not the', '"width":15', '"width":17'],
    ['/columns has a name twice', '"name":"city"', '"name":"area"'],
    ['/columns/0/parts/0/std is not above 0', '"std":', '"std":-'],
    ['/columns/0/parts/0/mean is not a number', '"mean":', '"mean":null,"of":'],
    [
      '/columns/0/parts/0/kind is not standard or robust or piecewise or cycle',
      '"kind":"standard"',
      '"kind":"one_hot"',
    ],
    ['/columns/0/format/type is not', '"type":"number"', '"type":"colour"'],
    ['/columns/1/parts/0/levels has more than there are places', '"rare":false', '"rare":true'],
    ['/columns/1/parts/0/levels has a text twice', '"levels":["Oslo","Paris"', '"levels":["Oslo","Oslo"'],
    ['/columns/2/format/true is not a list', '"true":["yes"]', '"true":5'],
    ['/columns/3/parts/1/period is not year or week or day', '"period":"year"', '"period":"moon"'],
    ['/targets is not a list', '"targets":["price"]', '"targets":"price"'],
  ])('that is damaged is refused: %s', (problem, from, to) => {
    expect(record).toContain(from);
    const at = from.startsWith('"levels"') ? record.lastIndexOf(from) : record.indexOf(from);
    const damaged = JSON.parse(record.slice(0, at) + to + record.slice(at + from.length)) as unknown;
    expect(problemOfRecord(damaged)).toContain(problem);
  });

  const piecewise = JSON.stringify(fitted(houses.slice(0, 1), undefined, 'piecewise'));

  test.each<[problem: string, from: RegExp, to: string]>([
    ['/columns/0/parts/0/scale is not above 0', /"scale":/, '"scale":-'],
    ['/columns/0/parts/1/edges do not ascend', /"edges":\[50,[^,]*/, '"edges":[50,50'],
    ['/columns/0/parts/1/edges are not 2 to 5', /"edges":\[.*?\]/, '"edges":[1]'],
    ['/columns/0/parts/1/edges do not ascend', /"edges":\[.*?\]/, '"edges":[0,5e-324]'],
    ['/columns/0/parts/1/edges are not 2 to 5', /"edges":\[/, '"edges":[1,2,3,'],
  ])('of bins that is damaged is refused: %s', (problem, from, to) => {
    expect(piecewise).toMatch(from);
    expect(problemOfRecord(JSON.parse(piecewise))).toBeNull();
    expect(problemOfRecord(JSON.parse(piecewise.replace(from, to)))).toContain(problem);
  });

  test('of no sense at all is refused, and never a crash', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(problemOfRecord(value)).not.toBeNull();
      }),
    );
    // With one value in it replaced.
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(), (value, place) => {
        let at = 0;
        const changed = JSON.parse(record, (_, each: unknown) =>
          at++ === place % 120 ? value : each,
        ) as unknown;
        if (problemOfRecord(changed) !== null) return;
        const preprocessing = changed as Parameters<typeof applyTable>[0];
        const columns = houses.slice(0, 4).map(({ format, texts }) => readColumn(format, texts).column);
        expect(applyTable(preprocessing, columns, all(6)).every(Number.isFinite)).toBe(true);
      }),
    );
  });
});
