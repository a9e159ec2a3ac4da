/**
 * Checks what a request brings against its route's schemas. Ajv stops at the first mistake, which keeps a large body of
 * mistakes cheap. What is small and wrong is checked a second time, for all its mistakes.
 */
import AjvCompiler, { type BuildCompilerFromPool } from '@fastify/ajv-compiler';

/** Values in a body of which every mistake is looked for: a few milliseconds of work, whatever they are. */
const mostValues = 5_000;

interface HeadersSchema {
  properties?: Record<string, object>;
}

export const buildValidator: BuildCompilerFromPool = (schemas, options) => {
  const customOptions = { ...options?.customOptions, allErrors: true } as object;
  const compileFirst = AjvCompiler()(schemas, options);
  // Made when it is needed: most routes are never asked wrongly.
  let compileAll: typeof compileFirst | undefined;

  const compile = ({ schema, httpPart }: { schema: HeadersSchema; httpPart?: string }) => {
    // As compilers of Ajv are called by Fastify, whatever their type says.
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
  // Fastify takes a function that answers in this way; the type knows only Ajv's own.
  return compile as unknown as ReturnType<BuildCompilerFromPool>;
};

/** Node has the names of headers in lower case; the routes describe them as they are usually written. */
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
