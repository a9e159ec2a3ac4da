/**
 * Compiles the schemas of routes into validators of requests and serialisers of answers. A schema is compiled when the
 * first request needs it, or earlier by `compileAll`. Equal schemas are compiled once, for all apps that share the
 * compiler.
 */
import { setImmediate } from 'node:timers/promises';
import fastJsonStringify, { type Schema } from 'fast-json-stringify';
import type { FastifyInstance } from 'fastify';
import type { Component } from '../../lib/named-schema.js';
import { RequestValidation, withLowerCaseNames, type Validate } from './validation.js';

type Serialize = (data: unknown) => string;

export class SchemaCompiler {
  readonly #components: readonly Component[];
  readonly #validation: RequestValidation;
  /** By the text of the schema. */
  readonly #validators = new Map<string, OnDemand<Validate>>();
  readonly #serializers = new Map<string, OnDemand<Serialize>>();

  /** The schemas of routes may refer to the components by name. */
  constructor(components: readonly Component[]) {
    this.#components = components;
    this.#validation = new RequestValidation(components);
  }

  /** To be called before the routes are added. */
  use(app: FastifyInstance): void {
    for (const { schema } of this.#components) app.addSchema(schema);
    app.setValidatorCompiler<object>(({ httpPart, schema: written, ...route }) => {
      const schema = httpPart === 'headers' ? withLowerCaseNames(written) : written;
      const validator = onDemand(this.#validators, schema, route, () => this.#validation.compile(schema));
      return (data: unknown) => validator.get()(data);
    });
    app.setSerializerCompiler<object>(({ schema, ...route }) => {
      const serializer = onDemand(this.#serializers, schema, route, () => this.#compileSerializer(schema));
      return (data: unknown) => serializer.get()(data);
    });
  }

  /**
   * Compiles what no request has needed yet, one schema in a turn of the event loop.
   * @throws Error when a schema cannot be compiled
   */
  async compileAll(): Promise<void> {
    for (const each of [...this.#validators.values(), ...this.#serializers.values()]) {
      if (each.isCompiled) continue;
      await setImmediate(undefined, { ref: false });
      each.get();
    }
  }

  #compileSerializer(schema: object): Serialize {
    // Only those that it needs: fast-json-stringify checks each that it is given.
    const needed: Record<string, Schema> = {};
    const add = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      for (const [key, child] of Object.entries(value)) {
        const component = key === '$ref' && this.#components.find(({ name }) => child === `${name}#`);
        if (component && !(component.name in needed)) {
          needed[component.name] = component.schema as Schema;
          add(component.schema);
        }
        add(child);
      }
    };
    add(schema);
    return fastJsonStringify(schema as Schema, { schema: needed });
  }
}

interface Route {
  method: string;
  url: string;
}

/** The entry for the schema in `entries`; a new one if there is none. */
function onDemand<Compiled>(
  entries: Map<string, OnDemand<Compiled>>,
  schema: object,
  route: Route,
  compile: () => Compiled,
): OnDemand<Compiled> {
  const text = JSON.stringify(schema);
  const entry = entries.get(text) ?? new OnDemand(route, compile);
  entries.set(text, entry);
  return entry;
}

class OnDemand<Compiled> {
  readonly #route: Route;
  readonly #compile: () => Compiled;
  #compiled: Compiled | undefined;

  constructor(route: Route, compile: () => Compiled) {
    this.#route = route;
    this.#compile = compile;
  }

  get isCompiled(): boolean {
    return this.#compiled !== undefined;
  }

  get(): Compiled {
    try {
      return (this.#compiled ??= this.#compile());
    } catch (cause) {
      const { method, url } = this.#route;
      throw new Error(`A schema of ${method} ${url} cannot be compiled: ${String(cause)}`, { cause });
    }
  }
}
