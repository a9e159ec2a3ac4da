/** The queue on PostgreSQL 13 or newer, in a schema of BullMQ's own, which is migrated when the queue is opened. */
import { createPostgresBackend } from 'bullmq';
import type { Logger } from 'pino';
import { withoutSecrets } from '../../log.js';
import { openTrainingQueue, type TrainingQueue } from './training-queue.js';

export function openPostgresQueue(url: string, log: Logger): Promise<TrainingQueue> {
  const connection = { connectionString: url, migrate: true, max: 4 };
  return openTrainingQueue(
    {
      description: `PostgreSQL at ${withoutSecrets(url)}`,
      factory: createPostgresBackend,
      queueConnection: connection,
      workerConnection: connection,
      close: () => Promise.resolve(),
    },
    log,
  );
}
