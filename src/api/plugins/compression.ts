/** Answers are compressed for those who ask for it, where that is worth it: text, and not a stream of events. */
import { constants } from 'node:zlib';
import compress from '@fastify/compress';
import type { FastifyInstance } from 'fastify';

/** What is shorter fits into a packet or two. */
const worthwhileBytes = 1024;

/** What is shorter takes less than a millisecond, and a stream for it would take longer. */
const atOnceBytes = 2 ** 14;

const textual =
  /^(?:text\/(?!event-stream)|image\/svg\+xml|application\/(?:[\w.-]+\+)?(?:json|xml|javascript)(?:;|$))/i;

/** Before the routes. */
export async function useCompression(app: FastifyInstance): Promise<void> {
  await app.register(compress, {
    globalDecompression: false,
    threshold: worthwhileBytes,
    syncThreshold: atOnceBytes,
    customTypes: textual,
    zlibOptions: { level: constants.Z_BEST_SPEED },
  });
}
