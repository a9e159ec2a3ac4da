/**
 * Makes query strings as strict as bodies. An unknown parameter is an error; numbers and booleans are parsed; an object
 * is written `name[key]=value`.
 */
import type { FastifyInstance, FastifyRequest, preValidationHookHandler } from 'fastify';
import Type from 'typebox';

const nothing = Type.Object({}, { additionalProperties: false });

/** For probes and scrapes, to whose URLs operators add parameters, as labels or to bypass a cache. */
export const anyQuery = Type.Object({});

export function useStrictQueryStrings(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    // The routes of the documentation pages belong to a package.
    if (route.schema?.operationId === undefined) return;
    route.schema.querystring ??= nothing;
    const parameters = parametersOf(route.schema.querystring);
    if (Object.values(parameters).flat().length === 0) return;
    route.preValidation = [read(parameters), ...[route.preValidation ?? []].flat()];
  });
}

/** Ajv converts nothing, because the string "5" in a body is not 5. In a query string everything is a string. */
function read({ numbers, booleans, objects, lists }: Parameters): preValidationHookHandler {
  return (request: FastifyRequest, _reply, done) => {
    const query = request.query as Record<string, unknown>;
    for (const name of lists) {
      const text = query[name];
      if (typeof text === 'string') query[name] = [text];
    }
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

/** Names of parameters, by type. All others are strings. */
interface Parameters {
  numbers: string[];
  booleans: string[];
  objects: string[];
  /** Given once for each item. */
  lists: string[];
}

function parametersOf(querystring: unknown): Parameters {
  const { properties = {} } = querystring as { properties?: Record<string, { type?: string }> };
  const ofType = (types: RegExp): string[] =>
    Object.keys(properties).filter((name) => types.test(properties[name]?.type ?? ''));
  return {
    numbers: ofType(/^(number|integer)$/),
    booleans: ofType(/^boolean$/),
    objects: ofType(/^object$/),
    lists: ofType(/^array$/),
  };
}
