/** Reads the bodies of all routes: as bytes or as a stream with `app.bodies`, and as JSON with `app.parseJson`. */
import type { ServerResponse } from 'node:http';
import type { FastifyInstance, preHandlerHookHandler } from 'fastify';
import { BodyReader, type BodyReaderOptions } from './body-reader.js';
import { createLargeJsonReader } from './large-json.js';
import { malformedJson, inheritedKey, parseWithRows } from './malformed-json.js';

declare module 'fastify' {
  interface FastifyInstance {
    bodies: Pick<BodyReader, 'read' | 'stream'>;
    /**
     * Resolves to undefined for an empty body. @throws TrainyardError MALFORMED_JSON, INVALID_REQUEST, BODY_TOO_LARGE,
     * OVERLOADED
     */
    parseJson: (request: FastifyRequest, bytes: Buffer) => Promise<unknown>;
  }
  interface FastifyRequest {
    response: ServerResponse;
    /** Puts the packed numbers into a body that has passed its schemas; null: there are none. */
    unfoldBody: (() => void) | null;
  }
}

/**
 * Larger bodies are parsed in a thread. It is also the body limit of every route that does not set its own. The slowest
 * body of this size takes a few milliseconds to parse.
 */
export const smallBodyBytes = 2 ** 16;

/** To be called before the routes are added. */
export function useBodies(app: FastifyInstance, options: BodyReaderOptions): void {
  const reader = new BodyReader(options);
  const largeJson = createLargeJsonReader();
  app.addHook('onClose', async () => {
    reader.close();
    await largeJson.close();
  });
  app.decorate('bodies', reader);
  // Refuses `__proto__` and `constructor.prototype` as keys.
  const parse = app.getDefaultJsonParser('error', 'error');

  app.decorate('parseJson', async (request, bytes) => {
    if (bytes.length > smallBodyBytes) {
      const leaving = new AbortController();
      request.response.once('close', () => leaving.abort());
      const { body, unfold, valueBytes } = await largeJson.read(bytes, leaving.signal);
      reader.hold(request, valueBytes);
      request.unfoldBody = unfold;
      return body;
    }
    const text = bytes.toString();
    // An empty body counts as no body, whatever its Content-Type. The schema says whether a body is required.
    if (text === '') return undefined;
    let parsed: unknown;
    void parse(request, text, (error, body) => {
      parsed = error ? parseUnusual(text, request.routeOptions.config.predicts === true) : body;
    });
    return parsed;
  });

  app.decorateRequest('response');
  app.decorateRequest('unfoldBody', null);
  app.addHook('onRequest', (request, reply, done) => {
    request.response = reply.raw;
    done();
  });
  app.addHook('onRoute', (route) => {
    if ((route.bodyLimit ?? 0) <= smallBodyBytes) return;
    route.preHandler = [unfoldBody, ...[route.preHandler ?? []].flat()];
  });
}

const unfoldBody: preHandlerHookHandler = (request, _reply, done) => {
  request.unfoldBody?.();
  done();
};

/** What the parser has refused. Only a prediction has rows, in which any key may be. */
function parseUnusual(text: string, mayHaveRows: boolean): unknown {
  const body = parseWithRows(text);
  if (mayHaveRows) return body;
  throw malformedJson(inheritedKey);
}
