/** Lists of numbers, nested or not: as JSON has them, or packed, as large bodies bring them. */

/** A rectangular list, as flat numbers and their shape. */
export interface PackedNumbers {
  /** (items, …); never empty. */
  readonly shape: readonly number[];
  /** Row by row; as many as the shape says. */
  readonly data: Float64Array;
}

/** Nothing is known of what a list holds that is not packed. */
export type NumberList = readonly unknown[] | PackedNumbers;

/** What a nested list holds, row by row. Nothing is known of it. */
export interface Rectangle {
  shape: readonly number[];
  items: ArrayLike<unknown>;
}

/** Why a list is no rectangle. */
export interface Unevenness {
  /** Indices that lead to what is at fault; none where it is the list itself. */
  path: number[];
  problem: string;
}

const mostLevels = 8;

export function isPacked(value: unknown): value is PackedNumbers {
  return typeof value === 'object' && value !== null && 'data' in value && value.data instanceof Float64Array;
}

export function isNumberList(value: unknown): value is NumberList {
  return Array.isArray(value) || isPacked(value);
}

/** Of the outermost list. */
export function itemCount(list: NumberList): number {
  return isPacked(list) ? (list.shape[0] ?? 0) : list.length;
}

/** How many numbers a list of this shape has. */
export function sizeOfShape(shape: readonly number[]): number {
  return shape.reduce((size, length) => size * length, 1);
}

export function shapeText(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}

/** The first items say how deep it is and how long its lists are; all others must be like them. */
export function rectangleOf(list: NumberList): Rectangle | Unevenness {
  if (isPacked(list)) return { shape: list.shape, items: list.data };
  const shape: number[] = [];
  for (let first: unknown = list; isNumberList(first); first = isPacked(first) ? undefined : first[0]) {
    if (isPacked(first)) shape.push(...first.shape);
    else shape.push(first.length);
    if (shape.length > mostLevels) return { path: [], problem: `is nested more than ${mostLevels} deep` };
  }
  if (shape.length === 1) return { shape, items: list };
  const items: unknown[] = [];
  return addItems(items, list, shape, []) ?? { shape, items };
}

function addItems(
  items: unknown[],
  list: unknown,
  [length = 0, ...inner]: readonly number[],
  path: number[],
): Unevenness | null {
  if (!isNumberList(list)) return { path, problem: `is not a list of ${length}, as those before it are` };
  const found = itemCount(list);
  if (found !== length) {
    return { path, problem: `has ${found} items, and those before it have ${length}` };
  }
  // A rectangle would have been packed as a whole: this one differs from those before it, or one after it does.
  if (isPacked(list)) return samePacked(items, list, inner, path);
  if (inner.length === 0) {
    for (const item of list) items.push(item);
    return null;
  }
  for (const [index, each] of list.entries()) {
    const unevenness = addItems(items, each, inner, [...path, index]);
    if (unevenness !== null) return unevenness;
  }
  return null;
}

function samePacked(
  items: unknown[],
  { shape: [, ...shape], data }: PackedNumbers,
  inner: readonly number[],
  path: number[],
): Unevenness | null {
  if (shape.join() === inner.join()) {
    for (const item of data) items.push(item);
    return null;
  }
  const problem = `has items of the shape ${shapeText(shape)}, and those before it have ${shapeText(inner)}`;
  return { path, problem };
}
