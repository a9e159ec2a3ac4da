/**
 * Validates requests against the schemas of their route. Ajv stops at the first mistake, which keeps large invalid
 * bodies cheap. A small invalid body is validated again to find all of its mistakes.
 */
import AjvCompiler, { type BuildCompilerFromPool } from '@fastify/ajv-compiler';

/** The most values in a body that is searched for all mistakes: a few milliseconds of work at worst. */
const mostValues = 5_000;

interface HeadersSchema {
  properties?: Record<string, object>;
}

export const buildValidator: BuildCompilerFromPool = (schemas, options) => {
  const customOptions = { ...options?.customOptions, allErrors: true } as object;
  const compileFirst = AjvCompiler()(schemas, options);
  // Created on demand: most routes never get an invalid request.
  let compileAll: typeof compileFirst | undefined;

  const compile = ({ schema, httpPart }: { schema: HeadersSchema; httpPart?: string }) => {
    // Fastify calls Ajv's compilers with this object, whatever their type says.
    const route = { schema: httpPart === 'headers' ? inLowerCase(schema) : schema } as object;
    const findFirst = compileFirst(route);
    let findAll: typeof findFirst | undefined;
    return (data: unknown) => {
      if (findFirst(data) === true) return true;
      const first = findFirst.errors ?? [];
      if (!isSmall(data)) return { error: first };
      compileAll ??= AjvCompiler()(schemas, { ...options, customOptions });
      findAll ??= compileAll(route);
      void findAll(data);
      return { error: [...first, ...(findAll.errors ?? [])] };
    };
  };
  // Fastify accepts a function with such results; the type knows only Ajv's own.
  return compile as unknown as ReturnType<BuildCompilerFromPool>;
};

/** Node gives header names in lower case; the routes describe them in the usual spelling. */
function inLowerCase({ properties = {}, ...schema }: HeadersSchema): HeadersSchema {
  const entries = Object.entries(properties).map(([name, each]) => [name.toLowerCase(), each] as const);
  return { ...schema, properties: Object.fromEntries(entries) };
}

function isSmall(data: unknown): boolean {
  const left: unknown[] = [data];
  for (let count = 1; left.length > 0; count++) {
    if (count + left.length > mostValues) return false;
    const value = left.pop();
    if (typeof value !== 'object' || value === null) continue;
    const values: unknown[] = Object.values(value);
    left.push(...values.slice(0, mostValues));
  }
  return true;
}
