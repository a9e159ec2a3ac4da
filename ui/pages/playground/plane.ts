/** The part of the plane that is shown, the grid over it, and what a job's network gets for each place of the grid. */
import { api } from '../../service/api.js';
import type { Point } from './points.js';

export interface Plane {
  left: number;
  top: number;
  /** It is a square. */
  side: number;
}

/** Places along each side of the grid. */
export const gridSide = 64;
/** The most that one prediction may ask for. */
const mostRows = 1_024;
const margin = 0.06;

/** All points, and some room around them. */
export function planeOf(points: readonly Point[]): Plane {
  if (points.length === 0) return { left: -1, top: 1, side: 2 };
  const xs = points.map(({ x }) => x);
  const ys = points.map(({ y }) => y);
  const [left, right, bottom, top] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const side = Math.max(right - left, top - bottom) * (1 + 2 * margin);
  return { left: (left + right - side) / 2, top: (bottom + top + side) / 2, side };
}

/** Where a point is in the plane: from 0 at the left and the top to 1. */
export function placeIn({ left, top, side }: Plane, { x, y }: { x: number; y: number }): [number, number] {
  return [(x - left) / side, (top - y) / side];
}

/** (gridSide², inputs) in rows from the top: what the preprocessing of the job makes of each place. It never changes. */
export async function gridInputs(
  jobId: string,
  step: number,
  plane: Plane,
  signal: AbortSignal,
): Promise<Float32Array> {
  const places = Array.from({ length: gridSide * gridSide }, (_, place) => ({
    x: plane.left + ((place % gridSide) + 0.5) * (plane.side / gridSide),
    y: plane.top - (Math.floor(place / gridSide) + 0.5) * (plane.side / gridSide),
  }));
  const parts = await Promise.all(
    Array.from({ length: Math.ceil(places.length / mostRows) }, (_, part) =>
      api.post('/v1/jobs/{id}/checkpoints/{step}/predict', {
        params: { path: { id: jobId, step: String(step) } },
        body: {
          inputs: places.slice(part * mostRows, (part + 1) * mostRows) as unknown as (
            Record<string, unknown> | unknown[]
          )[],
          network_inputs: true,
          probabilities: false,
        },
        signal,
      }),
    ),
  );
  return Float32Array.from(
    parts.flatMap(({ predictions }) => predictions.flatMap((each) => each.network_inputs ?? [])),
  );
}
