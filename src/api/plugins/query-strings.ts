/** Query strings as strict as bodies: a parameter that the route does not know is an error, and numbers are numbers. */
import type { FastifyInstance, FastifyRequest, preValidationHookHandler } from 'fastify';
import Type from 'typebox';

const nothing = Type.Object({}, { additionalProperties: false });

export function useStrictQueryStrings(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    // The pages of the documentation are not ours.
    if (route.schema?.operationId === undefined) return;
    route.schema.querystring ??= nothing;
    const names = numbersIn(route.schema.querystring);
    if (names.length > 0) route.preValidation = [readNumbers(names), ...[route.preValidation ?? []].flat()];
  });
}

/** Ajv converts nothing, as the text "5" in a body is not 5; but in a query string everything is text. */
function readNumbers(names: string[]): preValidationHookHandler {
  return (request: FastifyRequest, _reply, done) => {
    const query = request.query as Record<string, unknown>;
    for (const name of names) {
      const text = query[name];
      if (typeof text === 'string' && /^-?\d{1,15}(\.\d+)?$/.test(text)) query[name] = Number(text);
    }
    done();
  };
}

function numbersIn(querystring: unknown): string[] {
  const { properties = {} } = querystring as { properties?: Record<string, { type?: string }> };
  return Object.keys(properties).filter((name) => /^(number|integer)$/.test(properties[name]?.type ?? ''));
}
