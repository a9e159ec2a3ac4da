/** The server of the queue stops, restarts with its data, or restarts without it. */
import { Redis } from 'ioredis';
import type { Service as Server } from '../../services.js';
import type { Reference } from '../references.js';
import type { Trial } from '../trial.js';

export interface QueueFault {
  fault: string;
  /** `meanwhile` runs while the server is down. */
  strike: (server: Server, meanwhile: () => Promise<void>) => Promise<void>;
}

export const restartQueue: QueueFault = {
  fault: 'the queue restarts',
  async strike(server, meanwhile) {
    await server.halt();
    await meanwhile();
    await server.restart();
  },
};

export const killQueue: QueueFault = {
  fault: 'the queue crashes',
  async strike(server, meanwhile) {
    await server.kill();
    await meanwhile();
    await server.restart();
  },
};

export const wipeRedis: QueueFault = {
  fault: 'the queue forgets everything',
  async strike(server, meanwhile) {
    const redis = new Redis(server.url);
    await redis.flushall();
    redis.disconnect();
    await meanwhile();
  },
};

/** A job that is submitted during the fault is accepted like any other. */
export async function strikeQueue(
  trial: Trial,
  server: Server,
  { fault, strike }: QueueFault,
  late: Reference,
): Promise<void> {
  trial.struck(fault);
  await strike(server, async () => {
    await trial.submit(late);
  });
}
