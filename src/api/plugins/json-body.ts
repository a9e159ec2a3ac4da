/** Bodies are JSON, or absent. What cannot be parsed is refused with the parser's own words. */
import type { FastifyInstance, FastifyRequest, preValidationHookHandler } from 'fastify';
import { TrainyardError } from '../../errors.js';

export function useJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, jsonParserOf(app));

  // No body has no type, whatever the client says of it: curl -X POST -d '' calls it a form.
  app.addHook('onRequest', ({ headers }, _reply, done) => {
    if (headers['content-length'] === '0') delete headers['content-type'];
    done();
  });

  app.addHook('onRoute', (route) => {
    if (route.schema?.operationId === undefined || route.schema.body !== undefined) return;
    route.preValidation = [refuseBody, ...[route.preValidation ?? []].flat()];
  });
}

type JsonParser = (
  request: FastifyRequest,
  text: string,
  done: (error: Error | null, body?: unknown) => void,
) => void;

export function jsonParserOf(app: FastifyInstance): JsonParser {
  // Refuses `__proto__` and `constructor.prototype` as keys.
  const parse = app.getDefaultJsonParser('error', 'error');
  return (request, text, done) => {
    // An empty body is no body, whatever its type is said to be; whether there must be one is the schema's to say.
    if (text === '') done(null, undefined);
    else void parse(request, text, (error, body) => done(error ? malformed(text) : null, body));
  };
}

/** Of routes that describe no body. `{}` says as much as none. */
const refuseBody: preValidationHookHandler = (request, _reply, done) => {
  const body: unknown = request.body;
  const saysNothing = body === undefined || JSON.stringify(body) === '{}';
  if (saysNothing) done();
  else done(new TrainyardError('INVALID_REQUEST', 'This route takes no body.', { pointer: '' }));
};

function malformed(text: string): TrainyardError {
  const reason = whyNotJson(text);
  const hint = /\b(?:NaN|Infinity)\b/.test(text)
    ? ' JSON has no NaN and no Infinity: send finite numbers.'
    : '';
  return new TrainyardError(
    'MALFORMED_JSON',
    `The body is not JSON that this service reads: ${reason}.${hint}`,
  );
}

function whyNotJson(text: string): string {
  try {
    JSON.parse(text);
    return 'it has a key that objects inherit, like __proto__';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
