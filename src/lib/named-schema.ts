/** Schemas with a name: added to the app once, referred to by name, and so named in the OpenAPI document too. */
import Type, { type Static, type TSchema, type TUnsafe } from 'typebox';

export interface Component<S extends TSchema = TSchema> {
  name: string;
  schema: S;
  /** To be used wherever the schema is meant. */
  ref: TUnsafe<Static<S>>;
}

/** With `examples` in the schema, the first is shown wherever the whole body is of this kind. */
export function component<S extends TSchema>(name: string, schema: S): Component<S> {
  return { name, schema: { ...schema, $id: name }, ref: Type.Unsafe<Static<S>>({ $ref: `${name}#` }) };
}

/** For answers only. Unlike a union with null, the serialiser need not try its members one after the other. */
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
