/**
 * Objects whose keys are written as Python writes them: `taskName` here,
 * `task_name` on the wire.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import type * as Codec from "../Codec.ts"

type Fields = Readonly<Record<string, Codec.Plain>>

/** `taskName` becomes `task_name`; what is written so already stays. */
export const of = (name: string): string => name.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`)

type Table = Readonly<Record<string, unknown>>

/** An object of these fields. Others that come are left out. */
export const struct = <const F extends Fields>(
  fields: F,
  names: { readonly [K in keyof F]?: string } = {}
): Schema.Codec<Schema.Struct.Type<F>> => between(Schema.Struct(fields), fields, names, () => ({}))

/** An object of these fields, and all that comes besides in `others`. */
export const open = <const F extends Fields>(
  fields: F,
  names: { readonly [K in keyof F]?: string } = {}
): Schema.Codec<Schema.Struct.Type<F> & { readonly others: Table }> =>
  between(
    Schema.Struct({ ...fields, others: Schema.Record(Schema.String, Schema.Unknown) }),
    fields,
    names,
    (others) => ({ others })
  )

/** An object of JSON. */
const table = Schema.Record(Schema.String, Schema.Unknown)

const between = <A>(
  schema: Codec.Plain,
  fields: Fields,
  names: Readonly<Record<string, string | undefined>>,
  rest: (others: Table) => Table
): Schema.Codec<A> => {
  const wire = Object.keys(fields).map((name) => [name, names[name] ?? of(name)] as const)
  const known = new Set(wire.map(([, name]) => name))
  const decode = (value: Table): Table => ({
    ...Object.fromEntries(wire.flatMap(([name, from]) => Object.hasOwn(value, from) ? [[name, value[from]]] : [])),
    ...rest(Object.fromEntries(Object.entries(value).filter(([name]) => !known.has(name))))
  })
  const encode = ({ others, ...value }: Table): Table => ({
    ...(typeof others === "object" && others !== null && !Object.hasOwn(fields, "others") ? others : {}),
    ...Object.fromEntries(wire.flatMap(([name, to]) => Object.hasOwn(value, name) ? [[to, value[name]]] : []))
  })
  return table.pipe(
    Schema.decodeTo(schema as Schema.Codec<unknown, Table>, SchemaTransformation.transform({ decode, encode }))
  ) as unknown as Schema.Codec<A> // the type is that of the fields, which no inference follows through the names
}
