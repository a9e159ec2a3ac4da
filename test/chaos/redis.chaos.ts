import { inject } from 'vitest';
import { describeWithService } from '../services.js';
import { killQueue, restartQueue, wipeRedis } from './faults/queue-server.js';
import { fullDisk, readOnlyDisk } from './faults/storage.js';
import type { QueuePlace } from './scenario.js';
import { storageFails } from './scenarios.js';
import { everythingFails } from './server-faults.js';

const { best } = inject('references');

describeWithService('redis', 'redis', (server) => {
  const queue: QueuePlace = { name: 'redis', url: () => server().url };
  everythingFails(queue, server, [restartQueue, killQueue, wipeRedis]);
  for (const fault of [fullDisk, readOnlyDisk]) storageFails(queue, fault, () => best, 32);
});
