/** Keeps the points that are chosen, as the service made them. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { discardPoints, makePoints, type PointSet } from './points.js';
import type { Points } from './settings.js';

/**
 * While the next points are made the ones before stay. What was made here and not kept is deleted when others are chosen, and when
 * the page is left.
 */
export function usePoints(wanted: Points): {
  set: PointSet | null;
  error: unknown;
  isMaking: boolean;
  /** A job learns from the set. */
  keep: () => void;
} {
  const [state, setState] = useState<{ set: PointSet | null; error?: unknown; isMaking: boolean }>({
    set: null,
    isMaking: true,
  });
  const unkept = useRef<PointSet>(null);
  const { shape, rows, noise, seed } = wanted;
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    setState(({ set }) => ({ set, isMaking: true }));
    makePoints({ shape, rows, noise, seed }, signal).then(
      (set) => {
        if (signal.aborted) return;
        if (set.isNew) unkept.current = set;
        setState({ set, isMaking: false });
      },
      (error: unknown) => !signal.aborted && setState(({ set }) => ({ set, error, isMaking: false })),
    );
    return () => {
      controller.abort();
      if (unkept.current) discardPoints(unkept.current);
      unkept.current = null;
    };
  }, [shape, rows, noise, seed]);
  return { ...state, error: state.error, keep: () => (unkept.current = null) };
}
