/** Schemas with a name. The app adds each once, and refers to it by name; the OpenAPI document uses the same name. */
import Type, { type Static, type TSchema, type TUnsafe } from 'typebox';

export interface Component<S extends TSchema = TSchema> {
  name: string;
  schema: S;
  /** Refers to the schema. */
  ref: TUnsafe<Static<S>>;
}

/** The first of the schema's `examples` is shown wherever the whole body has this schema. */
export function component<S extends TSchema>(name: string, schema: S): Component<S> {
  return { name, schema: { ...schema, $id: name }, ref: Type.Unsafe<Static<S>>({ $ref: `${name}#` }) };
}

/** For responses only. It is faster than a union with null, whose members the serialiser tries one by one. */
export function nullable<S extends TSchema>(schema: S): TUnsafe<Static<S> | null> {
  return Type.Unsafe<Static<S> | null>({ ...schema, nullable: true });
}

/** A page of a list. */
export function listOf<S extends TSchema>(item: Component<S>, description: string, example: Static<S>) {
  const properties = {
    object: Type.Literal('list'),
    data: Type.Array(item.ref),
    has_more: Type.Boolean({ description: 'Whether another page follows: ask with `after`.' }),
  };
  return Type.Object(properties, {
    description,
    examples: [{ object: 'list', data: [example], has_more: false }],
  });
}

/** The parameter `limit` of a list. `what` is what it lists: Jobs, Rows. */
export function pageSize(what: string) {
  const description = `${what} on a page.`;
  return Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 20, description }));
}
