/**
 * Validates requests against the schemas of their route. Ajv stops at the first mistake, which keeps large invalid
 * bodies cheap. A small invalid body is validated again to find all of its mistakes.
 */
import { Ajv, type ErrorObject } from 'ajv';
import formats from 'ajv-formats';
import type { Component } from '../../lib/named-schema.js';

/** The most values in a body that is searched for all mistakes: a few milliseconds of work at worst. */
const mostValues = 5_000;

/** True, or the mistakes of `data`. */
export type Validate = (data: unknown) => true | { error: ErrorObject[] };

/** Compiles schemas that may refer to the components by name. */
export class RequestValidation {
  readonly #components: readonly Component[];
  // Both are created on demand. Most processes get no invalid request for a long time.
  #first: Ajv | undefined;
  #all: Ajv | undefined;

  constructor(components: readonly Component[]) {
    this.#components = components;
  }

  /** @throws when Ajv cannot compile the schema */
  compile(schema: object): Validate {
    this.#first ??= createAjv(this.#components, { allErrors: false });
    const findFirst = this.#first.compile(schema);
    return (data) => {
      if (findFirst(data)) return true;
      const first = findFirst.errors ?? [];
      if (!isSmall(data)) return { error: first };
      this.#all ??= createAjv(this.#components, { allErrors: true });
      // Ajv keeps what it has compiled.
      const findAll = this.#all.compile(schema);
      void findAll(data);
      return { error: [...first, ...(findAll.errors ?? [])] };
    };
  }
}

function createAjv(components: readonly Component[], { allErrors }: { allErrors: boolean }): Ajv {
  // `verbose` lets an error name the known fields.
  const ajv = new Ajv({ verbose: true, allErrors, addUsedSchema: false, allowUnionTypes: true });
  formats.default(ajv);
  for (const { schema } of components) ajv.addSchema(schema);
  return ajv;
}

/** Node gives header names in lower case; the routes describe them in the usual spelling. */
export function withLowerCaseNames({ properties = {}, ...schema }: { properties?: object }): object {
  const entries = Object.entries(properties).map(([name, each]: [string, unknown]) => [
    name.toLowerCase(),
    each,
  ]);
  return { ...schema, properties: Object.fromEntries(entries) as object };
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
