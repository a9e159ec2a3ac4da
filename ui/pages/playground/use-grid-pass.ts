/** What a job's network says over the plane, and which points the job holds out. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import { forward, type Forward } from '../../network/forward.js';
import type { ShownNetwork } from '../../network/use-shown-network.js';
import { gridInputs, gridSide, type Plane } from './plane.js';
import { heldOutRows } from './points.js';

interface Grid {
  jobId: string;
  inputs: Float32Array;
  heldOut: Set<number>;
}

export function useGridPass(
  jobId: string | null,
  plane: Plane,
  shown: ShownNetwork | null,
): { pass: Forward | null; heldOut: Set<number> | null; error: unknown } {
  const [grid, setGrid] = useState<Grid | null>(null);
  const [error, setError] = useState<unknown>();
  const isReady = shown !== null;
  useEffect(() => {
    if (jobId === null || shown === null) return;
    const controller = new AbortController();
    const { signal } = controller;
    setError(undefined);
    Promise.all([gridInputs(jobId, shown.step, plane, signal), heldOutRows(jobId, signal)]).then(
      ([inputs, heldOut]) => !signal.aborted && setGrid({ jobId, inputs, heldOut }),
      (reason: unknown) => !signal.aborted && setError(reason),
    );
    return () => controller.abort();
  }, [jobId, isReady]);
  const current = grid !== null && grid.jobId === jobId ? grid : null;
  const pass = useMemo(
    () => (current && shown ? forward(shown.network, current.inputs, gridSide ** 2) : null),
    [current, shown],
  );
  return { pass, heldOut: current?.heldOut ?? null, error };
}
