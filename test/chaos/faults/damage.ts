/** Damages checkpoints, as a failing disk does. */
import { expect } from 'vitest';
import type { RunEvent } from '../../../src/jobs/runs/run-events.js';
import type { Storage } from '../../../src/storage/storage.js';
import { flipBit } from '../../storage/temporary-storage.js';
import { checkpointsOf } from '../checkpoints.js';
import { draw, inWords, type Moment } from '../moments.js';
import { trainerAt, untilEvent } from '../progress.js';
import type { Run, Trial } from '../trial.js';

export interface Damage {
  file: 'model.safetensors' | 'optimizer.safetensors' | 'manifest.json';
  kind: 'cut short' | 'one bit wrong';
}

/** Damages the newest checkpoint while the service is down. The run must report it and continue from the one before. */
export async function damageAt(
  { cluster, struck }: Trial,
  { id }: Run,
  moment: Moment,
  { file, kind }: Damage,
): Promise<void> {
  const trainer = await trainerAt(cluster, id, moment);
  if (trainer === null) throw new Error(`${id} ended too soon to have its checkpoint damaged`);
  await trainer.member.end('SIGKILL');
  const [{ step, prefix }] = await checkpointsOf(cluster, id);
  struck(`${prefix}/${file} is ${kind}, ${inWords(id, moment)}`);
  await damage(cluster.storage, `${prefix}/${file}`, kind);
  await trainer.member.start();

  let isReported = false;
  const continuesBefore = (event: RunEvent): boolean => {
    isReported ||= event.type === 'log' && event.message.includes(`checkpoint at step ${step} is damaged`);
    return isReported && event.type === 'started' && (event.resumed_from_step ?? 0) < step;
  };
  expect(await untilEvent(cluster.store, id, continuesBefore), 'the damage is reported and skipped').toBe(
    true,
  );
}

async function damage(storage: Storage, key: string, kind: Damage['kind']): Promise<void> {
  const content = await storage.read(key);
  if (content === null) throw new Error(`There is no ${key}`);
  const place = draw(key, 0);
  if (kind === 'cut short') await storage.put(key, content.subarray(0, Math.floor(place * content.length)));
  else await flipBit(storage, key, Math.floor(place * 8 * content.length));
}
