/** The parser of large JSON agrees with JSON.parse within its limits. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parsePacked } from '../../../src/api/bodies/packing-parser.js';

/** With its packed lists as JSON has them. */
function parse(text: string): unknown {
  const { root, places, numbers } = parsePacked(Buffer.from(text));
  for (const { holder, key, shape, start } of places) {
    (holder as Record<string | number, unknown>)[key] = nested(numbers, start, shape);
  }
  return root.body;
}

function nested(numbers: Float64Array, start: number, shape: readonly number[]): unknown {
  const [length] = shape;
  const inner = shape.slice(1);
  if (shape.length === 0) return numbers[start];
  const size = inner.reduce((product, each) => product * each, 1);
  return Array.from({ length }, (_, i) => nested(numbers, start + i * size, inner));
}

test('reads what JSON.parse reads', () => {
  const numberList = fc.array(fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer()));
  const matrix = fc
    .tuple(fc.nat(6), fc.nat(30), fc.double({ noNaN: true, noDefaultInfinity: true }))
    .map(([rows, columns, number]) =>
      Array.from({ length: rows }, () => new Array<number>(columns).fill(number)),
    );
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 4 }),
    numberList,
    matrix,
    fc.array(fc.oneof(numberList, matrix)),
  );
  fc.assert(
    fc.property(value, fc.constantFrom(undefined, 1), (json, space) => {
      const text = JSON.stringify(json, null, space);
      if (text.includes('"__proto__"')) return;
      expect(parse(text)).toEqual(JSON.parse(text));
    }),
  );
});

test('reads each number to the same bits', () => {
  const texts = [
    '0',
    '-0',
    '1e5',
    '1E-5',
    '1.5e+300',
    '1e999',
    '123456789012345',
    '1234567890123456',
    '0.1',
    '-0.30000000000000004',
    '9007199254740993',
    '4.9e-324',
    '0.000001',
    '100.000000000001',
  ];
  for (const text of texts) expect(parse(`{"n":${text}}`)).toEqual(JSON.parse(`{"n":${text}}`));
  const many = `[${Array.from({ length: 20_000 }, (_, i) => texts[i % texts.length]).join()}]`;
  expect(parse(many)).toEqual(JSON.parse(many));
});

test('makes __proto__ a key like any other in rows, whatever its value', () => {
  for (const value of ['1', '"a"', 'null', '[1]', '{}', JSON.stringify(new Array(100).fill(1))]) {
    for (const text of [`{"inputs":[{"__proto__":${value}}]}`, `{"instances":{"__proto__":${value}}}`]) {
      const parsed = parse(text);
      expect(JSON.stringify(parsed)).toBe(text);
      expect(({} as { 0?: unknown })[0]).toBeUndefined();
    }
  }
});

test('packs lists of one shape as a whole', () => {
  const { places, numbers } = parsePacked(
    Buffer.from(
      JSON.stringify({
        a: [
          [[1], [2]],
          [[3], [4]],
          [[5], [6]],
          [[7], [8]],
        ],
      }),
    ),
  );
  expect(places).toEqual([{ holder: expect.anything() as object, key: 'a', shape: [4, 2, 1], start: 0 }]);
  expect([...numbers]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});

describe('refuses what JSON.parse refuses', () => {
  test.each([
    '',
    ' ',
    '{',
    '[',
    '[1',
    '[1,',
    '[1,]',
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    "{'a':1}",
    '01',
    '1.',
    '.5',
    '-',
    '+1',
    '1e',
    '1e+',
    'nul',
    'True',
    'NaN',
    '"a',
    '"\\x"',
    '"\n"',
    '[1] 2',
    '[1 2]',
    '{"a":1 "b":2}',
    ']',
    '\u00a0',
  ])('%j', (text) => {
    expect(() => JSON.parse(text) as unknown).toThrow();
    expect(() => parse(text)).toThrow('The body is not JSON that this service reads');
    const inMany = `[${'1,'.repeat(500)}${text}]`;
    if (text.trim() !== '') expect(() => parse(inMany)).toThrow();
  });

  test.each([
    '{"__proto__": {}}',
    '{"\\u005f_proto__": {}}',
    '{"inputs": {"a": {"__proto__": 1}}}',
    '{"inputs": [{"a": {"__proto__": 1}}]}',
    '{"parameters": {"__proto__": 1}}',
    '[{"__proto__": 1}]',
  ])('and keys that objects inherit, but in rows: %s', (text) => {
    expect(() => parse(text)).toThrow('it has a key that objects inherit, like __proto__');
  });

  test('with a hint where it is a number that JSON has not', () => {
    expect(() => parse('[1, NaN]')).toThrow('send finite numbers');
    expect(() => parse('[1, -Infinity]')).toThrow('not JSON');
  });
});
