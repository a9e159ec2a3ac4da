import { inject } from 'vitest';
import { describeWithService } from '../services.js';
import { restartQueue, killQueue, wipeRedis } from './faults/queue-server.js';
import { allStandsStill, orphanStandsStill, workerStandsStill } from './faults/split-brain.js';
import { fullDisk, readOnlyDisk } from './faults/storage.js';
import type { QueuePlace } from './scenario.js';
import {
  queueFails,
  runIsCancelled,
  runIsCancelledAtItsEnd,
  runIsPaused,
  serviceDies,
  standsStill,
  storageFails,
  trainingProcessDies,
  workerDies,
  workerIsStopped,
} from './scenarios.js';

const { final, best, each, short, long } = inject('references');

describeWithService('redis', 'redis', (server) => {
  const queue: QueuePlace = { name: 'redis', url: () => server().url };
  trainingProcessDies(queue, () => [final, each], 6);
  workerDies(queue, () => [final, best, each], 2);
  serviceDies(queue, () => [best, each], 3);
  workerIsStopped(queue, () => final, 3);
  for (const fault of [restartQueue, killQueue, wipeRedis]) {
    queueFails(queue, server, fault, { running: () => each, waiting: () => short }, 2);
  }
  runIsCancelled(queue, () => final, 5);
  runIsCancelledAtItsEnd(queue, () => short, 8);
  runIsPaused(queue, () => final, 2);
  standsStill(queue, workerStandsStill, () => long);
  for (const standstill of [allStandsStill, orphanStandsStill]) {
    standsStill(queue, standstill, () => final);
  }
  for (const fault of [fullDisk, readOnlyDisk]) storageFails(queue, fault, () => best, 32);
});
