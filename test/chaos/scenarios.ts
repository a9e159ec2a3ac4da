/** The scenarios of the suite: the cluster, the runs, the faults and their moments. */
import { expect } from 'vitest';
import type { Service as Server } from '../services.js';
import type { Role } from './cluster.js';
import { damageAt, type Damage } from './faults/damage.js';
import {
  killWhileReading,
  killWhileUploading,
  largeTable,
  outcomeOfDataset,
  upload,
} from './faults/datasets.js';
import { expectNoStepTwice, stopWorkersAt } from './faults/hand-over.js';
import { cancelAroundTheEnd, cancelAt, pauseAt } from './faults/lifecycle.js';
import { killAt, killService, killTrainingProcess, killWorker, type Kill } from './faults/kills.js';
import { strikeQueue, type QueueFault } from './faults/queue-server.js';
import { standStillAt, type Standstill } from './faults/split-brain.js';
import {
  change,
  expectNothingTwice,
  hasEnded,
  killDuring,
  outcomeOfSweep,
  startSweep,
  sweepWhen,
} from './faults/sweeps.js';
import { strikeStorageAt, type StorageFault } from './faults/storage.js';
import { momentsOf } from './moments.js';
import { outcomeOf } from './outcome.js';
import { trainerAt, untilEnded } from './progress.js';
import type { Reference } from './references.js';
import { scenario, type QueuePlace } from './scenario.js';
import { mountSmallDisk } from '../storage/small-disk.js';
import { endure, type Trial } from './trial.js';

/** A value that is known when the scenario runs. */
type Later<Value> = () => Value;

const apart: Role[] = ['api', 'worker', 'worker'];

/** Each run loses its training process this many times. */
export function trainingProcessDies(queue: QueuePlace, references: Later<Reference[]>, times: number): void {
  scenario(queue, killTrainingProcess.fault, async ({ score, startCluster }) => {
    const cluster = await startCluster({ concurrency: 2 });
    await endure({ cluster, score }, references(), (trial) => killEach(trial, times, killTrainingProcess));
  });
}

/** Each run loses its worker this many times. Another worker takes it over when the lock of the first has expired. */
export function workerDies(queue: QueuePlace, references: Later<Reference[]>, times: number): void {
  scenario(queue, killWorker.fault, async ({ score, startCluster }) => {
    const cluster = await startCluster({ roles: apart });
    await endure({ cluster, score }, references(), (trial) => killEach(trial, times, killWorker));
  });
}

/** The whole service is killed this many times during the first run. */
export function serviceDies(queue: QueuePlace, references: Later<Reference[]>, times: number): void {
  scenario(queue, killService.fault, async ({ score, startCluster }) => {
    const cluster = await startCluster({ concurrency: 2 });
    await endure({ cluster, score }, references(), async (trial) => {
      const [run] = trial.runs;
      await killAt(trial, run, trial.momentsOf(run, times), killService);
    });
  });
}

/** The run moves to another worker this many times. */
export function workerIsStopped(queue: QueuePlace, reference: Later<Reference>, times: number): void {
  scenario(queue, 'SIGTERM to the worker', async ({ score, startCluster }) => {
    const cluster = await startCluster({ roles: apart });
    await endure({ cluster, score }, [reference()], async (trial) => {
      const [run] = trial.runs;
      await stopWorkersAt(trial, run, trial.momentsOf(run, times));
      await untilEnded(cluster.store, run.id);
      await expectNoStepTwice(trial, run);
    });
  });
}

/** The fault strikes this many times while the first run trains and the others wait. */
export function queueFails(
  queue: QueuePlace,
  server: Later<Server>,
  fault: QueueFault,
  { running, waiting }: { running: Later<Reference>; waiting: Later<Reference> },
  times: number,
): void {
  scenario(queue, fault.fault, async ({ score, startCluster }) => {
    const cluster = await startCluster({ roles: ['api', 'worker'] });
    await endure({ cluster, score }, [running(), waiting()], async (trial) => {
      const [run] = trial.runs;
      for (const moment of trial.momentsOf(run, times)) {
        await trainerAt(cluster, run.id, moment);
        await strikeQueue(trial, server(), fault, waiting());
      }
    });
  });
}

/** The fault strikes early in the run, so that another worker takes the run over before its end. */
export function standsStill(queue: QueuePlace, standstill: Standstill, reference: Later<Reference>): void {
  scenario(queue, standstill.fault, async ({ score, startCluster }) => {
    const cluster = await startCluster({ roles: apart });
    await endure({ cluster, score }, [reference()], async (trial) => {
      const [run] = trial.runs;
      const [moment] = trial.momentsOf(run, 1, [0.05, 0.2]);
      await standStillAt(trial, run, moment, standstill);
    });
  });
}

export function storageFails(
  queue: QueuePlace,
  fault: StorageFault,
  reference: Later<Reference>,
  sizeMiB: number,
): void {
  scenario(queue, fault.fault, async ({ score, startCluster, skip, onEnd }) => {
    const disk = await mountSmallDisk(sizeMiB);
    if (disk === null) return skip('mounting a file system is not permitted here');
    onEnd(() => disk.remove());
    const cluster = await startCluster({ dataDir: disk.folder });
    await endure({ cluster, score }, [reference()], async (trial) => {
      const [run] = trial.runs;
      const [moment] = trial.momentsOf(run, 1, [0.1, 0.8]);
      await strikeStorageAt(trial, run, moment, disk, fault);
    });
  });
}

/** Damages one checkpoint after the other, with new checkpoints between them. */
export function checkpointsAreDamaged(
  queue: QueuePlace,
  fault: string,
  damages: Damage[],
  reference: Later<Reference>,
): void {
  scenario(queue, fault, async ({ score, startCluster }) => {
    const cluster = await startCluster();
    await endure({ cluster, score }, [reference()], async (trial) => {
      const [run] = trial.runs;
      for (const [i, damage] of damages.entries()) {
        const [from, to] = [(i + 0.8) / (damages.length + 1), (i + 1) / (damages.length + 1)];
        const [moment] = trial.momentsOf(run, 1, [from, to]);
        await damageAt(trial, run, moment, damage);
      }
    });
  });
}

/** Cancels this many runs, one after the other. */
export function runIsCancelled(queue: QueuePlace, reference: Later<Reference>, times: number): void {
  scenario(queue, 'cancelled while it is trained', async ({ score, startCluster }) => {
    const cluster = await startCluster(layoutOf(queue));
    let slowestMs = 0;
    for (const moment of momentsOf(`${queue.name}, cancelled`, times, [0, 0.7 * reference().steps])) {
      const id = await cluster.submit(reference().request);
      score.tried++;
      slowestMs = Math.max(slowestMs, await cancelAt(cluster, id, moment));
      score.survived++;
    }
    score.remark = `reached its process within ${Math.ceil(slowestMs)} ms`;
  });
}

/** Each of this many runs is either cancelled or ends as without the request. */
export function runIsCancelledAtItsEnd(queue: QueuePlace, reference: Later<Reference>, times: number): void {
  scenario(queue, 'cancelled around its end', async ({ score, startCluster }) => {
    const cluster = await startCluster(layoutOf(queue));
    const { request, steps, outcome } = reference();
    for (const moment of momentsOf(`${queue.name}, cancelled at the end`, times, [0.5 * steps, steps])) {
      const id = await cluster.submit(request);
      score.tried++;
      if (!(await cancelAroundTheEnd(cluster, id, moment))) {
        score.runs++;
        expect(await outcomeOf(cluster.storage, id), `the outcome of ${id}`).toEqual(outcome);
        score.equal++;
      }
      score.survived++;
    }
    score.remark = `${times - score.runs} in time, ${score.runs} too late`;
  });
}

/** Everything is killed while the run is paused. */
export function runIsPaused(queue: QueuePlace, reference: Later<Reference>, times: number): void {
  scenario(queue, 'paused, and kill −9 everything', async ({ score, startCluster }) => {
    const cluster = await startCluster(layoutOf(queue));
    await endure({ cluster, score }, [reference()], async (trial) => {
      const [run] = trial.runs;
      await pauseAt(trial, run, trial.momentsOf(run, times));
    });
  });
}

/** Everything is killed once while a dataset is uploaded, and this many times while it is read. */
export function datasetIsTakenIn(queue: QueuePlace, times: number): void {
  scenario(queue, 'a dataset is taken in, and kill −9 everything', async ({ score, startCluster }) => {
    const cluster = await startCluster(queue.name === 'embedded' ? {} : { roles: ['api', 'worker'] });
    const file = largeTable();
    await upload(cluster, 'calm', file);
    const undisturbed = await outcomeOfDataset(cluster.storage, 'calm');

    await killWhileUploading(cluster, 'hunted', file);
    expect(await upload(cluster, 'hunted', file)).toEqual({ status: 202, version: 1 });
    const moments = momentsOf(`${queue.name}, a dataset is taken in`, times, [0, 1]);
    score.tried = 1 + (await killWhileReading(cluster, 'hunted', moments));
    score.runs = 1;
    expect(await outcomeOfDataset(cluster.storage, 'hunted')).toEqual(undisturbed);
    score.equal = 1;
    expect(await upload(cluster, 'hunted', file)).toEqual({ status: 200, version: 1 });
    score.survived = score.tried;
  });
}

/** Processes are killed this many times during a sweep, and again while it goes on with more trials; in between it is paused. */
export function sweepIsHunted(queue: QueuePlace, trials: number, times: number): void {
  scenario(queue, 'a sweep, and kill −9 of all in turn', async ({ score, startCluster }) => {
    const cluster = await startCluster(layoutOf(queue));
    const undisturbed = await outcomeOfSweep(cluster, await startSweep(cluster, 'calm', trials));

    const half = Math.ceil(trials / 2);
    const id = await startSweep(cluster, 'hunted', half);
    const [first, second] = [
      [0, half],
      [half, trials],
    ].map((range) => momentsOf(`${queue.name}, a sweep from ${range[0]}`, times, range));
    score.tried = await killDuring(cluster, id, first);
    await sweepWhen(cluster, id, hasEnded);
    await change(cluster, id, { max_trials: trials });
    await change(cluster, id, 'pause');
    score.tried += await killDuring(cluster, id, [{ step: half, delayMs: 0 }]);
    await change(cluster, id, 'resume');
    score.tried += await killDuring(cluster, id, second);
    score.runs = 1;
    expect(await outcomeOfSweep(cluster, id)).toEqual(undisturbed);
    score.equal = 1;
    await expectNothingTwice(cluster, id);
    score.survived = score.tried;
  });
}

/** The embedded queue allows only one process. */
function layoutOf({ name }: QueuePlace): { roles?: Role[] } {
  return name === 'embedded' ? {} : { roles: apart };
}

async function killEach(trial: Trial, times: number, kill: Kill): Promise<void> {
  await Promise.all(trial.runs.map((run) => killAt(trial, run, trial.momentsOf(run, times), kill)));
}
