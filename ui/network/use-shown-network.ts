/** The network that a page shows of a job: the newest one as it comes, or the one that the reader has chosen. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { JobNetworks } from './job-networks.js';
import type { NetworkModel } from './network-model.js';

export interface ShownNetwork {
  step: number;
  network: NetworkModel;
}

/**
 * `step` undefined: nothing to show yet. While one is being fetched the one before stays, and steps in between are passed
 * over.
 */
export function useShownNetwork(jobId: string | null, step: number | undefined): ShownNetwork | null {
  const networks = useMemo(() => (jobId === null ? null : new JobNetworks(jobId)), [jobId]);
  const [shown, setShown] = useState<(ShownNetwork & { networks: JobNetworks }) | null>(null);
  const wanted = useRef<{ networks: JobNetworks | null; step: number | undefined }>({ networks, step });
  wanted.current = { networks, step };
  const isBusy = useRef(false);

  useEffect(() => {
    if (isBusy.current) return;
    const catchUp = async (): Promise<void> => {
      isBusy.current = true;
      let done: number | undefined;
      try {
        for (;;) {
          const { networks: from, step: next } = wanted.current;
          if (from === null || next === undefined || next === done) return;
          done = next;
          // The job may have removed it meanwhile: a newer one is on its way.
          const network = await from.at(next).catch(() => null);
          if (network && wanted.current.networks === from) setShown({ networks: from, step: next, network });
        }
      } finally {
        isBusy.current = false;
      }
    };
    void catchUp();
  }, [networks, step]);

  return shown !== null && shown.networks === networks ? shown : null;
}
