/** The axes of parallel coordinates: where a row lies on each of them. */

export interface Axis<Row> {
  name: string;
  /** From 0 to 1. */
  placeOf: (row: Row) => number;
  ticks: { place: number; text: string }[];
}

export type AxisValue = number | string;

const mostTicks = 8;

export interface AxisOptions<Row> {
  name: string;
  rows: readonly Row[];
  valueOf: (row: Row) => AxisValue;
  format?: (value: AxisValue) => string;
  /** Of numbers above 0. */
  logarithmic?: boolean;
}

/** Few values stand at equal distances, in their order; many numbers where they are between the least and the most. */
export function axisOf<Row>({
  name,
  rows,
  valueOf,
  format = String,
  logarithmic = false,
}: AxisOptions<Row>): Axis<Row> {
  const distinct = [...new Set(rows.map(valueOf))].sort(compare);
  const isOfNumbers = distinct.every((value) => typeof value === 'number');
  if (isOfNumbers && distinct.length > mostTicks) {
    const scaled = (value: AxisValue): number => (logarithmic ? Math.log(Number(value)) : Number(value));
    const ends = [distinct[0] ?? 0, distinct.at(-1) ?? 0];
    const [least = 0, most = 0] = ends.map(scaled);
    const placeOf = (value: AxisValue): number => (scaled(value) - least) / (most - least);
    return {
      name,
      placeOf: (row) => placeOf(valueOf(row)),
      ticks: ends.map((value) => ({ place: placeOf(value), text: format(value) })),
    };
  }
  const placeOf = (value: AxisValue): number => (distinct.indexOf(value) + 0.5) / distinct.length;
  return {
    name,
    placeOf: (row) => placeOf(valueOf(row)),
    ticks: distinct.map((value) => ({ place: placeOf(value), text: short(format(value)) })),
  };
}

function compare(a: AxisValue, b: AxisValue): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b));
}

function short(text: string): string {
  return text.length > 14 ? `${text.slice(0, 13)}…` : text;
}
