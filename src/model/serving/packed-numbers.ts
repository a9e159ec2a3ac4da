/** Lists of numbers, nested or flat: as JSON.parse gives them, or packed, as large bodies are parsed. */

/** A rectangular list as a shape and flat numbers. */
export interface PackedNumbers {
  /** (items, …); never empty. */
  readonly shape: readonly number[];
  /** (shape), row-major. */
  readonly data: Float64Array;
}

/** The items of a list that is not packed are not validated. */
export type NumberList = readonly unknown[] | PackedNumbers;

/** A rectangular list whose items are not validated. */
export interface Rectangle {
  shape: readonly number[];
  /** (shape), row-major. */
  items: ArrayLike<unknown>;
}

/** Why a list is not rectangular. */
export interface Unevenness {
  /** The indices of the item at fault; empty for the list itself. */
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

/** The length of the outermost list. */
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

/** The first items determine the shape; all others must match. */
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
  // A rectangular list would have been packed as a whole: this item differs from another one.
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
