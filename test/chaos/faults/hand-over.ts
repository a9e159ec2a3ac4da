/** Stops workers while they train, as a rollout of a new release does. */
import { expect } from 'vitest';
import type { RunEvent } from '../../../src/jobs/runs/run-events.js';
import { logStart } from '../../../src/jobs/runs/run-log.js';
import { inWords, type Moment } from '../moments.js';
import { trainerAt } from '../progress.js';
import type { Run, Trial } from '../trial.js';

/** The time that a container has to stop before it is killed. */
const stopWithinMs = 10_000;

export async function stopWorkersAt(trial: Trial, run: Run, moments: Moment[]): Promise<void> {
  for (const moment of moments) {
    const trainer = await trainerAt(trial.cluster, run.id, moment);
    if (trainer === null) break;
    trial.struck(`SIGTERM to ${trainer.member.name}, ${inWords(run.id, moment)}`);
    const startMs = performance.now();
    const exit = await trainer.member.end('SIGTERM');
    expect(exit, 'the exit of a worker that was asked to stop').toEqual({ code: 0, signal: null });
    expect(performance.now() - startMs, 'its milliseconds').toBeLessThan(stopWithinMs);
    await trainer.member.start();
  }
}

/** Checks that the next worker starts at the step where the last one stopped. */
export async function expectNoStepTwice({ cluster }: Trial, run: Run): Promise<void> {
  const { events } = await cluster.store.readEvents(run.id, logStart);
  let furthest = 0;
  for (const event of events) {
    if (event.type === 'started') {
      expect(event.resumed_from_step ?? 0, `the step from which ${run.id} continued`).toBe(furthest);
    }
    furthest = Math.max(furthest, stepIn(event));
  }
}

function stepIn(event: RunEvent): number {
  if (event.type === 'checkpoint') return event.step;
  return event.type === 'progress' ? event.progress.step : 0;
}
