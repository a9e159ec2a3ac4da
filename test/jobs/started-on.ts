import type { RunEventBody } from '../../src/jobs/runs/run-events.js';

/** As a run tells that begins to train, where that engine was chosen. */
export function startedOn(name: string): Extract<RunEventBody, { type: 'started' }> {
  return {
    type: 'started',
    engine: { name, device: 'CPU', reason: 'for a test' },
    resumed_from_step: null,
  };
}
