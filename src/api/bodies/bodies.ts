/** How every route gets its body: as bytes from `app.bodies`, and as JSON from `app.parseJson`. */
import type { ServerResponse } from 'node:http';
import type { FastifyInstance, preHandlerHookHandler } from 'fastify';
import { BodyReader, type BodyReaderOptions } from './body-reader.js';
import { createLargeJsonReader } from './large-json.js';
import { malformedJson, inheritedKey } from './malformed-json.js';

declare module 'fastify' {
  interface FastifyInstance {
    bodies: Pick<BodyReader, 'read'>;
    /** Of an empty body, undefined. @throws TrainyardError MALFORMED_JSON, INVALID_REQUEST, BODY_TOO_LARGE, OVERLOADED */
    parseJson: (request: FastifyRequest, bytes: Buffer) => Promise<unknown>;
  }
  interface FastifyRequest {
    response: ServerResponse;
    /** Puts packed numbers into a body that the schemas are satisfied with; null: it has none. */
    unfoldBody: (() => void) | null;
  }
}

/**
 * The most that is parsed at once, and all that a route reads which does not say otherwise: the slowest such body takes
 * some milliseconds.
 */
export const smallBodyBytes = 2 ** 16;

/** Before the routes. */
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
      const { body, unfold } = await largeJson.read(bytes, leaving.signal);
      request.unfoldBody = unfold;
      return body;
    }
    const text = bytes.toString();
    // An empty body is no body, whatever its type is said to be; whether there must be one is the schema's to say.
    if (text === '') return undefined;
    let parsed: unknown;
    void parse(request, text, (error, body) => {
      if (error) throw malformedJson(whyNotJson(text), text);
      parsed = body;
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

function whyNotJson(text: string): string {
  try {
    JSON.parse(text);
    return inheritedKey;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
