/**
 * The part of an ONNX graph that makes inputs of the columns of a table: each is an input of the graph, (rows, 1), by its name. The
 * arithmetic is that of `src/model/preprocessing/parts.ts`, in float64.
 */
import { isNumeric } from '../../../lib/cells/cell-format.js';
import type { CyclePart, LevelPart, Part, PiecewisePart } from '../../preprocessing/parts.js';
import type { FittedColumn, TablePreprocessing } from '../../preprocessing/table.js';
import type { OnnxGraph } from './onnx-graph.js';

const mostDeviations = 10_000;

/** (rows, width) float32 */
export function tableInputs(graph: OnnxGraph, { columns }: TablePreprocessing): string {
  const parts = columns.flatMap((column) =>
    isNumeric(column.format) ? numberParts(graph, column) : levelParts(graph, column),
  );
  return graph.node('Cast', [graph.node('Concat', parts, { axis: 1 })], { to: 'float' });
}

const meanings = {
  number: 'a number; NaN: missing',
  boolean: '1 or 0; NaN: missing',
  datetime: 'milliseconds since 1970 (UTC); NaN: missing',
} as const;

function numberParts(graph: OnnxGraph, { name, format, parts }: FittedColumn): string[] {
  const meaning = meanings[format.type as keyof typeof meanings];
  const cell = graph.input(name, 'double', 1, meaning);
  const isMissing = graph.node('IsNaN', [cell]);
  const double = (value: number): string => graph.constant('double', [value], [1, 1]);
  const given = { cell, isMissing };
  return parts.map((part) => {
    switch (part.kind) {
      case 'standard':
        return deviations(graph, given, { fill: part.fill, center: part.mean, scale: part.std });
      case 'robust': {
        const t = deviations(graph, given, part);
        const third = graph.node('Div', [t, double(3)]);
        const square = graph.node('Add', [graph.node('Mul', [third, third]), double(1)]);
        return graph.node('Div', [t, graph.node('Sqrt', [square])]);
      }
      case 'piecewise':
        return piecewise(graph, part, given);
      case 'cycle':
        return cycle(graph, part, cell, isMissing);
      case 'missing':
        return graph.node('Cast', [isMissing], { to: 'double' });
      case 'one_hot':
      case 'sign':
      case 'unused':
        return unused(graph, part, isMissing);
    }
  });
}

interface GivenCell {
  cell: string;
  isMissing: string;
}

/** At most so many from 0. */
function deviations(
  graph: OnnxGraph,
  { cell, isMissing }: GivenCell,
  { fill, center, scale }: { fill: number; center: number; scale: number },
): string {
  const double = (value: number): string => graph.constant('double', [value], [1, 1]);
  const lift = liftOf(scale, center);
  const lifted = lift === 1 ? cell : graph.node('Mul', [cell, double(lift)]);
  const filled = graph.node('Where', [isMissing, double(fill * lift), lifted]);
  const t = graph.node('Div', [graph.node('Sub', [filled, double(center * lift)]), double(scale * lift)]);
  return limited(graph, t, -mostDeviations, mostDeviations);
}

/**
 * A power of two, by which a tiny difference and all around it are multiplied, so that nothing is rounded. ONNX Runtime leaves out
 * `x − c` where c is 0 as a float32 (its NoopElimination), though c is a double.
 */
export function liftOf(difference: number, around: number): number {
  if (difference >= 2 ** -60) return 1;
  const lift = 2 ** Math.min(1000, -Math.floor(Math.log2(difference)));
  return Number.isFinite(around * lift) ? lift : 1;
}

function limited(graph: OnnxGraph, x: string, least: number, most: number): string {
  const [low, high] = [least, most].map((value) => graph.constant('double', [value], [1, 1]));
  return graph.node('Max', [graph.node('Min', [x, high]), low]);
}

function piecewise(
  graph: OnnxGraph,
  { edges, width, fill }: PiecewisePart,
  { cell, isMissing }: GivenCell,
): string {
  const row = (values: number[]): string => graph.constant('double', values, [1, values.length]);
  const bins = edges.length - 1;
  const halves = edges.map((edge) => edge / 2);
  // Halves of neighbours among the smallest numbers are the same: no number lies between them.
  const gaps = halves.slice(1).map((edge, bin) => edge - halves[bin] || Number.MIN_VALUE);
  const lifts = gaps.map((gap, bin) => liftOf(gap, halves[bin]));
  const isLifted = lifts.some((lift) => lift > 1);
  const half = graph.node('Mul', [cell, graph.constant('double', [0.5], [1, 1])]);
  const lifted = isLifted ? graph.node('Mul', [half, row(lifts)]) : half;
  const fills = isLifted ? lifts.map((lift) => (fill / 2) * lift) : [fill / 2];
  const filled = graph.node('Where', [isMissing, row(fills), lifted]);
  const above = graph.node('Sub', [filled, row(lifts.map((lift, bin) => halves[bin] * lift))]);
  const way = graph.node('Div', [above, row(gaps.map((gap, bin) => gap * lifts[bin]))]);
  const parts = limited(graph, way, 0, 1);
  if (bins === width) return parts;
  const rest = graph.node('Mul', [
    graph.node('Cast', [isMissing], { to: 'double' }),
    row(new Array<number>(width - bins).fill(0)),
  ]);
  return graph.node('Concat', [parts, rest], { axis: 1 });
}

const dayMs = 86_400_000;
const yearMs = 365.2425 * dayMs;

/** Sine and cosine of the phase; 0 and 0 where the moment is missing. */
function cycle(graph: OnnxGraph, { period }: CyclePart, moment: string, isMissing: string): string {
  const double = (value: number): string => graph.constant('double', [value], [1, 1]);
  const divided = (x: string, by: number): string => graph.node('Div', [x, double(by)]);
  const wholeDays = (): string =>
    graph.node('Add', [graph.node('Floor', [divided(moment, dayMs)]), double(3)]);
  const turns = {
    year: () => divided(moment, yearMs),
    week: () => divided(wholeDays(), 7),
    day: () => divided(moment, dayMs),
  }[period]();
  const phase = graph.node('Sub', [turns, graph.node('Floor', [turns])]);
  const angle = graph.node('Mul', [phase, double(2 * Math.PI)]);
  // cos x = sin(x + π / 2): not every runtime has the cosine of a double.
  const both = graph.node('Sin', [
    graph.node('Add', [angle, graph.constant('double', [0, Math.PI / 2], [1, 2])]),
  ]);
  return graph.node('Where', [isMissing, double(0), both]);
}

/** The codes of the cell's level: its place, or one of these. */
const missingCode = -1;
const otherCode = -2;

function levelParts(graph: OnnxGraph, { name, format, parts }: FittedColumn): string[] {
  const cell = graph.input(name, 'string', 1, 'text; empty: missing');
  const levels =
    parts.find((part): part is LevelPart => part.kind === 'one_hot' || part.kind === 'sign')?.levels ?? [];
  // A level wins over a text that means missing: none is both.
  const missing = ['', ...format.missing].filter((text) => !levels.includes(text));
  const code = graph.node('ai.onnx.ml.LabelEncoder', [cell], {
    keys_strings: [...levels, ...missing],
    values_int64s: [...levels.keys(), ...missing.map(() => missingCode)],
    default_int64: otherCode,
  });
  const codes = (...values: number[]): string => graph.constant('int64', values, [1, values.length]);
  const isCode = (...values: number[]): string =>
    graph.node('Cast', [graph.node('Equal', [code, codes(...values)])], { to: 'double' });
  return parts.map((part) => {
    switch (part.kind) {
      case 'one_hot': {
        // No cell has a code from the number of levels on.
        const places = Array.from({ length: part.width }, (_, place) => place);
        if (part.rare) places[part.levels.length] = otherCode;
        return isCode(...places);
      }
      case 'sign':
        return graph.node('Sub', [isCode(0), isCode(1)]);
      case 'missing':
        return isCode(missingCode);
      case 'standard':
      case 'robust':
      case 'piecewise':
      case 'cycle':
      case 'unused':
        return unused(graph, part, graph.node('Equal', [code, codes(missingCode)]));
    }
  });
}

/** (rows, width) zeros; `flags` (rows, 1) says how many rows there are. */
function unused(graph: OnnxGraph, { width }: Part, flags: string): string {
  const zeros = graph.constant('double', new Array<number>(width).fill(0), [1, width]);
  return graph.node('Mul', [graph.node('Cast', [flags], { to: 'double' }), zeros]);
}
