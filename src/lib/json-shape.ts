/**
 * Checks what JSON documents look like. It does not use TypeBox, which takes a quarter of a second to load: a training process
 * reads these documents too, and must reach its first step sooner.
 *
 * Fields that a shape does not name are accepted, since a newer version of the service may have written them.
 */

/** Returns what is wrong with a value, beginning with the path of the field; null when the value is a T. */
export type Shape<T> = ((value: unknown, path: string) => string | null) & {
  /** Never set. It lets the compiler compare a shape with the type that it checks for. */
  readonly of?: T | undefined;
};

function is<T>(what: string, test: (value: unknown) => boolean): Shape<T> {
  return (value, path) => (test(value) ? null : `${path || 'the document'} is not ${what}`);
}

export const text = is<string>('text', (value) => typeof value === 'string');
export const flag = is<boolean>('true or false', (value) => typeof value === 'boolean');
export const number = is<number>('a number', Number.isFinite);
/** From 0. */
export const count = is<number>('a whole number from 0', (value) => isWhole(value) && value >= 0);
/** From 1. */
export const positive = is<number>('a whole number from 1', (value) => isWhole(value) && value >= 1);
export const whole = is<number>('a whole number', isWhole);
/** ISO 8601. */
export const time = is<string>(
  'a time',
  (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value)),
);
export function matching(pattern: RegExp): Shape<string> {
  return is(`text that matches ${pattern}`, (value) => typeof value === 'string' && pattern.test(value));
}
/** JSON whose meaning is checked elsewhere. */
export const anything: Shape<unknown> = () => null;

export function oneOf<T extends string | number>(...values: readonly T[]): Shape<T> {
  return is(values.join(' or '), (value) => values.includes(value as T));
}

export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return (value, path) => (value === null ? null : shape(value, path));
}

/** For a field that older documents lack. */
export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return (value, path) => (value === undefined ? null : shape(value, path));
}

export function listOf<T>(item: Shape<T>, { minItems = 0 } = {}): Shape<T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) return `${path || 'the document'} is not a list`;
    if (value.length < minItems) return `${path || 'the document'} has fewer than ${minItems} items`;
    return firstProblem(value.map((each, i) => item(each, `${path}/${i}`)));
  };
}

export function mapOf<T>(item: Shape<T>): Shape<Record<string, T>> {
  return (value, path) => {
    if (!isObject(value)) return `${path || 'the document'} is not an object`;
    return firstProblem(Object.entries(value).map(([name, each]) => item(each, `${path}/${name}`)));
  };
}

export function object<T>(fields: { readonly [Name in keyof Required<T>]: Shape<T[Name]> }): Shape<T> {
  const entries = Object.entries<Shape<unknown>>(fields);
  return (value, path) => {
    if (!isObject(value)) return `${path || 'the document'} is not an object`;
    for (const [name, shape] of entries) {
      const problem = shape(value[name], `${path}/${name}`);
      if (problem !== null) return problem;
    }
    return null;
  };
}

/** An object whose shape depends on the text in its field `by`. */
export function variant<T>(by: string, shapes: Readonly<Record<string, Shape<T>>>): Shape<T> {
  const names = oneOf(...Object.keys(shapes));
  return (value, path) => {
    if (!isObject(value)) return `${path || 'the document'} is not an object`;
    const name = value[by];
    return names(name, `${path}/${by}`) ?? shapes[name as string](value, path);
  };
}

function firstProblem(problems: readonly (string | null)[]): string | null {
  return problems.find((problem) => problem !== null) ?? null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
