/** Loads what a component shows, again and again if it changes, and keeps the last answer while the next is on its way. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

export interface Resource<T> {
  data: T | undefined;
  /** Of the last try. */
  error: unknown;
  isLoading: boolean;
  reload: () => void;
}

/**
 * @param load what to load; its signal is aborted when the component goes or `inputs` change
 * @param inputs a change of these loads anew, as for `useEffect`
 * @param everyMs how long to wait after an answer before asking again; without it only `reload` asks again. A hidden page
 *   does not ask.
 */
export function useResource<T>(
  load: (signal: AbortSignal) => Promise<T>,
  inputs: readonly unknown[],
  everyMs?: number,
): Resource<T> {
  const [state, setState] = useState<{ data?: T; error?: unknown; isLoading: boolean }>({ isLoading: true });
  const [round, setRound] = useState(0);
  const latestLoad = useRef(load);
  latestLoad.current = load;
  const reload = useCallback(() => setRound((count) => count + 1), []);

  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async (): Promise<void> => {
      if (!document.hidden) {
        try {
          const data = await latestLoad.current(signal);
          if (!signal.aborted) setState({ data, isLoading: false });
        } catch (error) {
          if (!signal.aborted)
            setState(({ data }) => ({ ...(data !== undefined && { data }), error, isLoading: false }));
        }
      }
      if (everyMs !== undefined && !signal.aborted) timer = setTimeout(() => void ask(), everyMs);
    };
    setState(({ data }) => ({ ...(data !== undefined && { data }), isLoading: true }));
    void ask();
    return () => {
      controller.abort();
      clearTimeout(timer);
    };
  }, [...inputs, round, everyMs]);

  return { data: state.data, error: state.error, isLoading: state.isLoading, reload };
}
