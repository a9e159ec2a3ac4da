/** Compresses answers for clients that accept it, where it is worthwhile: text, but not streams of events. */
import { constants } from 'node:zlib';
import compress from '@fastify/compress';
import type { FastifyInstance } from 'fastify';

/** Shorter answers fit into a packet or two. */
const worthwhileBytes = 1024;

/** Shorter answers take less than a millisecond, and a stream for them would take longer. */
const atOnceBytes = 2 ** 14;

const textual =
  /^(?:text\/(?!event-stream)|image\/svg\+xml|application\/(?:[\w.-]+\+)?(?:json|xml|javascript)(?:;|$))/i;

/** To be called before the routes are added. */
export async function useCompression(app: FastifyInstance): Promise<void> {
  await app.register(compress, {
    globalDecompression: false,
    threshold: worthwhileBytes,
    syncThreshold: atOnceBytes,
    customTypes: textual,
    zlibOptions: { level: constants.Z_BEST_SPEED },
  });
}
