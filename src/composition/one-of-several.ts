/** What differs in a process of a service that has several: its share of the limits, and what it answers for all of them. */
import type { Config } from '../config.js';
import { TrainyardError } from '../errors.js';
import type { ServiceProcess } from '../processes/service-process.js';
import type { Foundation } from './foundation.js';

type Limits = Pick<Config, 'maxWaitingPredictions' | 'bodyMemoryBytes' | 'modelMemoryBytes'>;

/** All shares together are the whole, rounded up to whole predictions and bytes. */
export function shareOf<C extends Limits>(config: C, processes: number): C {
  const share = (limit: number): number => Math.ceil(limit / processes);
  return Object.freeze({
    ...config,
    maxWaitingPredictions: share(config.maxWaitingPredictions),
    bodyMemoryBytes: share(config.bodyMemoryBytes),
    modelMemoryBytes: share(config.modelMemoryBytes),
  });
}

/** Its metrics are those of all processes, and it is ready when all are. */
export function asOneOf(foundation: Foundation, one: ServiceProcess): Foundation {
  const own = foundation.metrics;
  one.showMetrics(() => own.snapshot());
  return {
    ...foundation,
    metrics: { ...own, render: () => one.ask({ about: 'metrics' }) },
    checks: {
      ...foundation.checks,
      async processes() {
        const { ready, wanted } = await one.ask({ about: 'readiness' });
        if (ready < wanted)
          throw new TrainyardError('NOT_READY', `${ready} of ${wanted} processes are ready.`);
      },
    },
  };
}
