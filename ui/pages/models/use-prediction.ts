/** Asks for a prediction as what it is made from changes: a moment after the last change, and never shows an older answer after a newer. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Schemas } from '../../service/api.js';

export type PredictionAnswer = Schemas['PredictionResponse'];

const afterMs = 120;

/** Keeps the last answer while the next is on its way, and after an error. */
export function usePrediction(
  ask: (signal: AbortSignal) => Promise<PredictionAnswer>,
  inputs: readonly unknown[],
): { answer: PredictionAnswer | undefined; error: unknown } {
  const [state, setState] = useState<{ answer?: PredictionAnswer; error?: unknown }>({});
  const latest = useRef(ask);
  latest.current = ask;
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    const timer = setTimeout(() => {
      latest.current(signal).then(
        (answer) => {
          if (!signal.aborted) setState({ answer });
        },
        (error: unknown) => {
          if (!signal.aborted) setState((before) => ({ ...before, error }));
        },
      );
    }, afterMs);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, inputs);
  return { answer: state.answer, error: state.error };
}
