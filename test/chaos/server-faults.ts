/** The faults that a queue on a separate server must survive. */
import { inject } from 'vitest';
import type { Service } from '../services.js';
import type { QueueFault } from './faults/queue-server.js';
import { allStandsStill, orphanStandsStill, workerStandsStill } from './faults/split-brain.js';
import type { QueuePlace } from './scenario.js';
import {
  datasetIsTakenIn,
  queueFails,
  runIsCancelled,
  runIsCancelledAtItsEnd,
  runIsPaused,
  serviceDies,
  standsStill,
  trainingProcessDies,
  workerDies,
  workerIsStopped,
} from './scenarios.js';

export function everythingFails(queue: QueuePlace, server: () => Service, queueFaults: QueueFault[]): void {
  const { final, best, each, short, long } = inject('references');
  trainingProcessDies(queue, () => [final, each], 6);
  workerDies(queue, () => [final, best, each], 2);
  serviceDies(queue, () => [best, each], 3);
  workerIsStopped(queue, () => final, 3);
  for (const fault of queueFaults) {
    queueFails(queue, server, fault, { running: () => each, waiting: () => short }, 2);
  }
  runIsCancelled(queue, () => final, 5);
  runIsCancelledAtItsEnd(queue, () => short, 8);
  runIsPaused(queue, () => final, 2);
  datasetIsTakenIn(queue, 2);
  standsStill(queue, workerStandsStill, () => long);
  for (const standstill of [allStandsStill, orphanStandsStill]) {
    standsStill(queue, standstill, () => final);
  }
}
