/** Keeps the points that are chosen, as the service made them. */
import { useEffect, useState } from 'preact/hooks';
import { makePoints, type PointSet } from './points.js';
import type { Points } from './settings.js';

/** While the next points are made the ones before stay. */
export function usePoints(wanted: Points): { set: PointSet | null; error: unknown; isMaking: boolean } {
  const [state, setState] = useState<{ set: PointSet | null; error?: unknown; isMaking: boolean }>({
    set: null,
    isMaking: true,
  });
  const { shape, rows, noise, seed } = wanted;
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    setState(({ set }) => ({ set, isMaking: true }));
    makePoints({ shape, rows, noise, seed }, signal).then(
      (set) => !signal.aborted && setState({ set, isMaking: false }),
      (error: unknown) => !signal.aborted && setState(({ set }) => ({ set, error, isMaking: false })),
    );
    return () => controller.abort();
  }, [shape, rows, noise, seed]);
  return { set: state.set, error: state.error, isMaking: state.isMaking };
}
