/** Values that fit a JSON schema, as far as the OpenAPI document of the service uses its words. */
import fc, { type Arbitrary } from 'fast-check';

export interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  propertyNames?: Schema;
  maxProperties?: number;
  items?: Schema;
  minItems?: number;
  maxItems?: number;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  format?: string;
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
}

/** Long enough to be lists, and short enough for thousands of them. */
const mostItems = 4;

/** `resolve` finds what a $ref names. Conditions (if, then) are not looked at: what comes of them may not fit. */
export function fitting(schema: Schema, resolve: (ref: string) => Schema): Arbitrary<unknown> {
  const inner = (part: Schema): Arbitrary<unknown> => fitting(part, resolve);
  if (schema.$ref !== undefined) return inner(resolve(schema.$ref));
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.const !== undefined) return fc.constant(schema.const);
  const alternatives = schema.oneOf ?? schema.anyOf;
  if (alternatives && schema.type === undefined) return fc.oneof(...alternatives.map(inner));
  if (Array.isArray(schema.type)) return fc.oneof(...schema.type.map((type) => inner({ ...schema, type })));
  switch (schema.type) {
    case 'object':
      return fittingObject(schema, inner);
    case 'array':
      return fc.array(schema.items ? inner(schema.items) : fc.jsonValue(), {
        minLength: Math.min(schema.minItems ?? 0, mostItems),
        maxLength: Math.min(schema.maxItems ?? mostItems, mostItems),
      });
    case 'string':
      return fittingString(schema);
    case 'integer':
      return fc.integer({ min: schema.minimum ?? -1_000, max: schema.maximum ?? 1_000_000 });
    case 'number': {
      const min = schema.minimum ?? schema.exclusiveMinimum ?? -1e6;
      const max = schema.maximum ?? schema.exclusiveMaximum ?? 1e6;
      return fc.double({ min, max, noNaN: true });
    }
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case undefined:
    default:
      return fc.jsonValue();
  }
}

function fittingObject(schema: Schema, inner: (part: Schema) => Arbitrary<unknown>): Arbitrary<unknown> {
  const { properties = {}, required = [], additionalProperties } = schema;
  const known = fc.record(
    Object.fromEntries(Object.entries(properties).map(([name, part]) => [name, inner(part)])),
    { requiredKeys: required.filter((name) => name in properties) },
  );
  if (typeof additionalProperties !== 'object') return known;
  const key = schema.propertyNames ? inner({ type: 'string', ...schema.propertyNames }) : fc.string();
  return fc.dictionary(key as Arbitrary<string>, inner(additionalProperties), {
    maxKeys: Math.min(schema.maxProperties ?? mostItems, mostItems),
  });
}

function fittingString({ pattern, format, minLength = 0, maxLength = 40 }: Schema): Arbitrary<string> {
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern));
  if (format === 'uri' || format === 'uri-reference') return fc.webUrl();
  if (format === 'date-time') return fc.date({ noInvalidDate: true }).map((date) => date.toISOString());
  return fc.string({ minLength, maxLength: Math.min(maxLength, minLength + 40) });
}

/** A value with one thing about it changed, wherever in it. */
export function mutated(value: Arbitrary<unknown>): Arbitrary<unknown> {
  return fc
    .tuple(value, fc.infiniteStream(fc.nat()), strange, fc.string({ maxLength: 8 }))
    .map(([original, choices, replacement, name]) => {
      const next = (below: number): number => (choices.next().value ?? 0) % below;
      return mutate(structuredClone(original), next, replacement, name);
    });
}

/** What no schema expects where it stands. */
const strange: Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    -1,
    0,
    0.5,
    1e308,
    -1e308,
    2 ** 53,
    '',
    ' ',
    '\0',
    '__proto__',
    '../../etc/passwd',
    '💥'.repeat(50),
    [],
    {},
    [[]],
    [null],
  ),
  fc.jsonValue({ maxDepth: 3 }),
);

function mutate(
  value: unknown,
  next: (below: number) => number,
  replacement: unknown,
  name: string,
): unknown {
  const keys = typeof value === 'object' && value !== null ? Object.keys(value) : [];
  if (keys.length === 0) return replacement;
  const inside = value as Record<string, unknown>;
  const key = keys[next(keys.length)] ?? '';
  switch (next(5)) {
    case 0:
      Reflect.deleteProperty(inside, key);
      return Array.isArray(value) ? value.flat(0) : value;
    case 1:
      if (Array.isArray(value)) value.push(replacement);
      else Object.defineProperty(inside, name, { value: replacement, enumerable: true });
      return value;
    case 2:
      return replacement;
    default:
      inside[key] = mutate(inside[key], next, replacement, name);
      return value;
  }
}
