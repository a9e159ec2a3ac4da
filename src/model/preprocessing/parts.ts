/**
 * The parts that the inputs of a column consist of: their records, and the arithmetic that makes inputs of cells. It runs
 * over typed arrays, in float64, and rounds once to float32: a row gets the same bits whatever rows are with it.
 */

/** A document. A new way to make inputs of a column is a new kind; what a kind means never changes. */
export type Part =
  StandardPart | RobustPart | PiecewisePart | CyclePart | OneHotPart | SignPart | MissingPart | UnusedPart;

/** A part that has places for levels; a column has at most one. */
export type LevelPart = OneHotPart | SignPart;

/** (x − mean) / std, at most `mostDeviations` from 0. */
export interface StandardPart {
  kind: 'standard';
  width: 1;
  /** In place of a missing x. */
  fill: number;
  mean: number;
  /** Above 0. */
  std: number;
}

/**
 * t / √(1 + (t / 3)²) of t = (x − center) / scale, which is near t around 0 and never beyond ±3. D. Holzmüller et al., "Better
 * by Default: Strong Pre-Tuned MLPs and Boosted Trees on Tabular Data", 2024, section 3: robust scaling with smooth clipping.
 */
export interface RobustPart {
  kind: 'robust';
  width: 1;
  /** In place of a missing x. */
  fill: number;
  center: number;
  /** Above 0. */
  scale: number;
}

/**
 * For each two edges that follow each other, how much of the way from the first to the second x has gone: from 0 to 1, in the
 * first and the last bin too. Places beyond the bins stay 0. Y. Gorishniy et al., "On Embeddings for Numerical Features in
 * Tabular Deep Learning", 2022, equation 1, except that theirs goes on beyond the first and the last edge.
 */
export interface PiecewisePart {
  kind: 'piecewise';
  width: number;
  /** In place of a missing x. */
  fill: number;
  /** (bins + 1) Ascending, none twice. */
  edges: number[];
}

/** Sine and cosine of where a moment lies in its year, its week (by whole days) or its day. Of a missing moment: 0, 0. */
export interface CyclePart {
  kind: 'cycle';
  width: 2;
  period: Period;
}

export type Period = (typeof periods)[number];

/**
 * 1 at the place of the level. The place after the levels is for all rarer ones, those never seen in training included;
 * without it they are 0 everywhere, as a missing level is. Further places stay 0.
 */
export interface OneHotPart {
  kind: 'one_hot';
  width: number;
  levels: string[];
  rare: boolean;
}

/** 1 for the first level and -1 for the second, if there is one; 0 for any other, and where it is missing. */
export interface SignPart {
  kind: 'sign';
  width: 1;
  levels: string[];
}

/** 1 where the cell is missing. */
export interface MissingPart {
  kind: 'missing';
  width: 1;
}

/** Stays 0, because it was the same in all training rows: the network could learn nothing of it. */
export interface UnusedPart {
  kind: 'unused';
  width: number;
}

export const periods = ['year', 'week', 'day'] as const;

/**
 * A row of the training rows lies at most √rows standard deviations from their mean, so this limits none of them, and keeps
 * whatever else is sent within float32.
 */
const mostDeviations = 10_000;

/** The cells of a column. */
export type Cells = NumberCells | LevelCells;

export interface NumberCells {
  /** (rows) Not finite: missing. */
  values: Float64Array;
}

export interface LevelCells {
  /** (rows) Indices into the column's levels; -1: missing. */
  codes: Int32Array;
  /** (levels or more) The place of each in the column's `LevelPart`; -1: none. */
  places: Int32Array;
}

/** Rows of cells, and where their inputs go. */
export interface Slice {
  /** Which rows of the cells; the inputs are in this order. */
  rows: Uint32Array;
  /** The first of `rows`, and the one after the last, whose inputs are to be filled in. */
  start: number;
  end: number;
  /** (rows, width), row-major; 0 before they are filled in. */
  inputs: Float32Array;
  width: number;
}

/** Fills in the inputs of a part, which begin at `offset` in each row. */
export function fillPart(part: Part, cells: Cells, slice: Slice, offset: number): void {
  switch (part.kind) {
    case 'standard':
    case 'robust':
      fillScaled(part, (cells as NumberCells).values, slice, offset);
      break;
    case 'piecewise':
      fillPiecewise(part, (cells as NumberCells).values, slice, offset);
      break;
    case 'cycle':
      fillCycle(part, (cells as NumberCells).values, slice, offset);
      break;
    case 'one_hot':
      fillOneHot(cells as LevelCells, slice, offset);
      break;
    case 'sign':
      fillSign(cells as LevelCells, slice, offset);
      break;
    case 'missing':
      fillMissing(cells, slice, offset);
      break;
    case 'unused':
      break;
  }
}

/** (levels + 1) The place of each level and, last, of a level that is not among them; -1: none. */
export function placesOf(part: LevelPart | undefined, levels: readonly string[]): Int32Array {
  const placeOf = new Map(part?.levels.map((level, place) => [level, place]));
  const otherwise = part?.kind === 'one_hot' && part.rare ? part.levels.length : -1;
  const places = new Int32Array(levels.length + 1).fill(otherwise);
  for (const [code, level] of levels.entries()) places[code] = placeOf.get(level) ?? otherwise;
  return places;
}

function fillScaled(
  part: StandardPart | RobustPart,
  values: Float64Array,
  { rows, start, end, inputs, width }: Slice,
  offset: number,
): void {
  const isRobust = part.kind === 'robust';
  const [center, scale] = isRobust ? [part.center, part.scale] : [part.mean, part.std];
  for (let i = start, at = start * width + offset; i < end; i++, at += width) {
    const value = values[rows[i]];
    const t = ((Number.isFinite(value) ? value : part.fill) - center) / scale;
    // Beyond so many scales robust is 3, and the square stays finite.
    const limited = Math.max(-mostDeviations, Math.min(mostDeviations, t));
    inputs[at] = isRobust ? limited / Math.sqrt(1 + (limited / 3) ** 2) : limited;
  }
}

function fillPiecewise(
  { fill, edges }: PiecewisePart,
  values: Float64Array,
  { rows, start, end, inputs, width }: Slice,
  offset: number,
): void {
  const bins = edges.length - 1;
  for (let i = start, at = start * width + offset; i < end; i++, at += width) {
    const sent = values[rows[i]];
    const value = Number.isFinite(sent) ? sent : fill;
    let bin = 0;
    while (bin < bins && value >= edges[bin + 1]) inputs[at + bin++] = 1;
    if (bin === bins || value <= edges[bin]) continue;
    // Halved before they are subtracted: the difference of two large numbers overflows.
    const low = edges[bin] / 2;
    inputs[at + bin] = (value / 2 - low) / (edges[bin + 1] / 2 - low);
  }
}

function fillCycle(
  { period }: CyclePart,
  values: Float64Array,
  { rows, start, end, inputs, width }: Slice,
  offset: number,
): void {
  const phaseAt = phases[period];
  for (let i = start, at = start * width + offset; i < end; i++, at += width) {
    const moment = values[rows[i]];
    if (!Number.isFinite(moment)) continue;
    const angle = 2 * Math.PI * phaseAt(moment);
    inputs[at] = Math.sin(angle);
    inputs[at + 1] = Math.cos(angle);
  }
}

function fillOneHot(
  { codes, places }: LevelCells,
  { rows, start, end, inputs, width }: Slice,
  offset: number,
): void {
  for (let i = start, at = start * width + offset; i < end; i++, at += width) {
    const code = codes[rows[i]];
    const place = code < 0 ? -1 : places[code];
    if (place >= 0) inputs[at + place] = 1;
  }
}

function fillSign(
  { codes, places }: LevelCells,
  { rows, start, end, inputs, width }: Slice,
  offset: number,
): void {
  for (let i = start, at = start * width + offset; i < end; i++, at += width) {
    const code = codes[rows[i]];
    const place = code < 0 ? -1 : places[code];
    if (place >= 0) inputs[at] = place === 0 ? 1 : -1;
  }
}

function fillMissing(cells: Cells, { rows, start, end, inputs, width }: Slice, offset: number): void {
  for (let i = start, at = start * width + offset; i < end; i++, at += width) {
    const row = rows[i];
    const isPresent = 'values' in cells ? Number.isFinite(cells.values[row]) : cells.codes[row] >= 0;
    if (!isPresent) inputs[at] = 1;
  }
}

const dayMs = 86_400_000;
/** The mean year of the calendar: the first of January is never further than two days from where the year begins here. */
const yearMs = 365.2425 * dayMs;

/** How far a moment, in milliseconds since 1970 (UTC), is through its period: from 0 up to 1. */
export const phases: Readonly<Record<Period, (moment: number) => number>> = {
  year: (moment) => modulo(moment, yearMs) / yearMs,
  // 1970 began with a Thursday; the week begins with Monday.
  week: (moment) => modulo(Math.floor(moment / dayMs) + 3, 7) / 7,
  day: (moment) => modulo(moment, dayMs) / dayMs,
};

function modulo(dividend: number, divisor: number): number {
  const rest = dividend % divisor;
  return rest < 0 ? rest + divisor : rest;
}
