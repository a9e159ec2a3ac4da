/** Kills processes without a warning, several times during a run. */
import type { Trainer } from '../cluster.js';
import { inWords, type Moment } from '../moments.js';
import { trainerAt } from '../progress.js';
import type { Run, Trial } from '../trial.js';

export interface Kill {
  fault: string;
  strike: (trainer: Trainer) => Promise<void>;
}

export const killTrainingProcess: Kill = {
  fault: 'kill −9 the training process',
  strike({ pid }) {
    process.kill(pid, 'SIGKILL');
    return Promise.resolve();
  },
};

export const killWorker: Kill = { fault: 'kill −9 the worker', strike: killAndReplace };
export const killService: Kill = { fault: 'kill −9 the whole service', strike: killAndReplace };

/** Strikes at each of the moments, until the run ends. */
export async function killAt(
  trial: Trial,
  run: Run,
  moments: Moment[],
  { fault, strike }: Kill,
): Promise<void> {
  for (const moment of moments) {
    const trainer = await trainerAt(trial.cluster, run.id, moment);
    if (trainer === null) return;
    trial.struck(`${fault} of ${trainer.member.name}, ${inWords(run.id, moment)}`);
    await strike(trainer);
  }
}

/** The training process of the member dies with it. */
async function killAndReplace({ member }: Trainer): Promise<void> {
  await member.end('SIGKILL');
  await member.start();
}
