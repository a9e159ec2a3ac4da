import { inject } from 'vitest';
import type { Damage } from './faults/damage.js';
import { fullDisk } from './faults/storage.js';
import type { QueuePlace } from './scenario.js';
import {
  checkpointsAreDamaged,
  datasetIsTakenIn,
  runIsCancelled,
  runIsCancelledAtItsEnd,
  runIsPaused,
  serviceDies,
  storageFails,
  trainingProcessDies,
} from './scenarios.js';

const { final, best, each, short } = inject('references');
const queue: QueuePlace = { name: 'embedded' };

trainingProcessDies(queue, () => [final, each], 6);
serviceDies(queue, () => [best, each], 4);
runIsCancelled(queue, () => final, 5);
runIsCancelledAtItsEnd(queue, () => short, 8);
runIsPaused(queue, () => final, 2);
datasetIsTakenIn(queue, 2);
storageFails(queue, fullDisk, () => best, 128);
for (const kind of ['cut short', 'one bit wrong'] as const) {
  const files: Damage['file'][] = ['model.safetensors', 'optimizer.safetensors', 'manifest.json'];
  const damages = files.map((file) => ({ file, kind }));
  checkpointsAreDamaged(queue, `the newest checkpoint is ${kind}`, damages, () => final);
}
