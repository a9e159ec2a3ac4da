/**
 * Query strings as strict as bodies: a parameter that the route does not know is an error, numbers are numbers, true
 * and false are no words, and an object is written `name[key]=value`.
 */
import type { FastifyInstance, FastifyRequest, preValidationHookHandler } from 'fastify';
import Type from 'typebox';

const nothing = Type.Object({}, { additionalProperties: false });

/** For probes and scrapes: whoever configures these adds parameters to tell them apart or to get past a cache. */
export const anyQuery = Type.Object({});

export function useStrictQueryStrings(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    // The pages of the documentation are not ours.
    if (route.schema?.operationId === undefined) return;
    route.schema.querystring ??= nothing;
    const parameters = parametersOf(route.schema.querystring);
    if (Object.values(parameters).flat().length === 0) return;
    route.preValidation = [read(parameters), ...[route.preValidation ?? []].flat()];
  });
}

/** Ajv converts nothing, as the text "5" in a body is not 5; but in a query string everything is text. */
function read({ numbers, booleans, objects }: Parameters): preValidationHookHandler {
  return (request: FastifyRequest, _reply, done) => {
    const query = request.query as Record<string, unknown>;
    for (const name of numbers) {
      const text = query[name];
      if (typeof text === 'string' && /^-?\d{1,15}(\.\d+)?$/.test(text)) query[name] = Number(text);
    }
    for (const name of booleans) {
      if (query[name] === 'true' || query[name] === 'false') query[name] = query[name] === 'true';
    }
    for (const name of objects) query[name] ??= takeObject(query, name);
    done();
  };
}

function takeObject(query: Record<string, unknown>, name: string): object | undefined {
  const entries = Object.entries(query).filter(([key]) => key.startsWith(`${name}[`) && key.endsWith(']'));
  for (const [key] of entries) Reflect.deleteProperty(query, key);
  if (entries.length === 0) return undefined;
  return Object.fromEntries(entries.map(([key, value]) => [key.slice(name.length + 1, -1), value]));
}

/** Names, by how they are read; others are texts. */
interface Parameters {
  numbers: string[];
  booleans: string[];
  objects: string[];
}

function parametersOf(querystring: unknown): Parameters {
  const { properties = {} } = querystring as { properties?: Record<string, { type?: string }> };
  const ofType = (types: RegExp): string[] =>
    Object.keys(properties).filter((name) => types.test(properties[name]?.type ?? ''));
  return {
    numbers: ofType(/^(number|integer)$/),
    booleans: ofType(/^boolean$/),
    objects: ofType(/^object$/),
  };
}
