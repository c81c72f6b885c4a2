/**
 * A remote-control command as a value: its name, its arguments, its reply. Both
 * sides share it: a worker has a handler for it, whoever asks calls it.
 *
 * ```ts
 * const setLevel = Command.control("set_level", {
 *   arguments: { loggerName: Schema.String, level: Schema.Int },
 *   doc: "Sets the level of a logger."
 * })
 * ```
 *
 * Names of arguments are written as Python writes them on the wire
 * (`logger_name`). What a schema refuses is answered as Python would answer it,
 * with the name of the argument. Source: control sections 1.5, 2 and 3.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import * as Arguments from "../Arguments.ts"
import * as Codec from "../Codec.ts"
import * as SnakeCase from "../internal/SnakeCase.ts"

/** `inspect` looks, `control` changes: Celery's command line has one word for each. */
export type Kind = "control" | "inspect"

type Table = Readonly<Record<string, unknown>>

/** A command with its types. Made by `control` and `inspect`. */
export interface Command<out Name extends string, in out F extends Arguments.Fields, in out R extends Codec.Plain>
  extends Any
{
  readonly name: Name
  readonly fields: F
  readonly reply: R
  readonly encodeArguments: (args: Arguments.Named<F>) => Result.Result<Table, TypeError>
  readonly bind: (args: Table) => Result.Result<Arguments.Decoded<F>, TypeError>
  readonly encodeReply: (reply: R["Type"]) => Result.Result<unknown, Codec.Refusal>
  readonly decodeReply: (wire: unknown) => Result.Result<R["Type"], Codec.Refusal>
}

/** Any command. */
export interface Any {
  readonly name: string
  readonly kind: Kind
  /** Other names that it answers to. */
  readonly aliases: ReadonlyArray<string>
  /** The argument that takes all that is left of a command line. */
  readonly variadic: string | undefined
  /** One line. */
  readonly doc: string
  /** How long to wait for each reply. */
  readonly timeout: Duration.Input
  /** Whether it is listed among the commands. */
  readonly isVisible: boolean
  readonly fields: Arguments.Fields
  readonly reply: Codec.Plain
  /** To what travels. */
  readonly encodeArguments: (args: never) => Result.Result<Table, TypeError>
  /** Of what travelled; or the `TypeError` that Python would have raised. What is not known is left out, as Celery does. */
  readonly bind: (args: Table) => Result.Result<unknown, TypeError>
  readonly encodeReply: (reply: never) => Result.Result<unknown, Codec.Refusal>
  readonly decodeReply: (wire: unknown) => Result.Result<unknown, Codec.Refusal>
}

/** What its handler gets. */
export type ArgumentsOf<C> = C extends { readonly fields: infer F extends Arguments.Fields } ? Arguments.Decoded<F>
  : never

/** What whoever asks gives; nothing has to be given where nothing is required. */
export type Input<C> = C extends { readonly fields: infer F extends Arguments.Fields } ? Arguments.Named<F> : never

/** What its handler replies, and whoever asks gets. */
export type Reply<C> = C extends { readonly reply: infer R extends Codec.Plain } ? R["Type"] : never

export interface Options<F extends Arguments.Fields, R extends Codec.Plain> {
  /** By name, in the order of a command line. Default: none. */
  readonly arguments?: F | undefined
  /** Default: a text, which travels as `{"ok": text}`. */
  readonly reply?: R | undefined
  readonly aliases?: ReadonlyArray<string> | undefined
  readonly variadic?: (keyof F & string) | undefined
  readonly doc?: string | undefined
  /** Default 1 second. */
  readonly timeout?: Duration.Input | undefined
  readonly isVisible?: boolean | undefined
}

/** What a handler fails with that has understood and refuses: the reply is `{"error": message}`. */
export class Refused extends Data.TaggedError("Refused")<{ readonly message: string }> {
  constructor(message: string) {
    super({ message })
  }
}

const okWire = Schema.Struct({ ok: Schema.Unknown })

/** What travels as `{"ok": ...}`. */
export const ok = <R extends Codec.Plain>(schema: R): Schema.Codec<R["Type"]> =>
  okWire.pipe(
    Schema.decodeTo(
      schema as unknown as Schema.Codec<R["Type"], unknown>, // a reply needs no services
      SchemaTransformation.transform({ decode: ({ ok }) => ok, encode: (ok) => ({ ok }) })
    )
  ) as unknown as Schema.Codec<R["Type"]> // what it is encoded to is for the wire alone

const okText = ok(Schema.String)

/** An argument that may be left out; Python writes null then. */
export const optional = <S extends Codec.Plain>(schema: S) => Schema.optionalKey(Schema.NullOr(schema))

/** An argument that is true or false, and may be left out: whatever Python takes for it, as Flower's 1 and 0. */
export const flag = optional(
  Schema.Unknown.pipe(
    Schema.decodeTo(
      Schema.Boolean,
      SchemaTransformation.transform<boolean, unknown>({ decode: isTruthy, encode: (flag) => flag })
    )
  )
)

/** A number, also as its text, as command lines give it. */
const numeric = (schema: Schema.Codec<number>) =>
  Schema.Unknown.pipe(
    Schema.decodeTo(
      schema,
      SchemaTransformation.transform<number, unknown>({
        // What is no number, the schema refuses with its own words.
        decode: (value) => (typeof value === "string" && value.trim() !== "" ? Number(value) : value) as number,
        encode: (number) => number
      })
    )
  )

/** A whole number that may be left out. */
export const integer = optional(numeric(Schema.Int))

/** A finite number that may be left out. */
export const finite = optional(numeric(Schema.Finite))

/** A command that changes something. */
export const control = <
  const Name extends string,
  const F extends Arguments.Fields = {},
  R extends Codec.Plain = typeof okText
>(name: Name, options: Options<F, R> = {}): Command<Name, F, R> => make("control", name, options)

/** A command that looks at something. */
export const inspect = <
  const Name extends string,
  const F extends Arguments.Fields = {},
  R extends Codec.Plain = typeof okText
>(name: Name, options: Options<F, R> = {}): Command<Name, F, R> => make("inspect", name, options)

const make = <Name extends string, F extends Arguments.Fields, R extends Codec.Plain>(
  kind: Kind,
  name: Name,
  options: Options<F, R>
): Command<Name, F, R> => {
  const fields = options.arguments ?? ({} as F) // the default of the type
  const reply = options.reply ?? (okText as unknown as R) // likewise
  const coding = lazily(() => new Coding(name, fields, reply))
  return {
    name,
    kind,
    aliases: options.aliases ?? [],
    variadic: options.variadic,
    doc: options.doc ?? "",
    timeout: options.timeout ?? "1 second",
    isVisible: options.isVisible ?? true,
    fields,
    reply,
    encodeArguments: (args) => coding().encodeArguments(args),
    bind: (args) => coding().bind(args),
    encodeReply: (value) => coding().replies.encode(value),
    decodeReply: (wire) => coding().replies.decode(wire)
  }
}

/** There are many commands, and a program uses few of them. */
const lazily = <A>(make: () => A): () => A => {
  let made: A | undefined
  return () => made ??= make()
}

/** As Python has it: nothing, zero and what is empty are false. */
function isTruthy(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return Boolean(value)
  return Array.isArray(value) ? value.length > 0 : Object.keys(value).length > 0
}

class Coding<F extends Arguments.Fields, R extends Codec.Plain> {
  readonly replies: Codec.Codec<R["Type"], unknown>
  private readonly parameters: Arguments.Arguments<Arguments.Fields>
  /** The names on the wire, and ours. */
  private readonly names: ReadonlyMap<string, string>

  constructor(name: string, fields: F, reply: R) {
    this.names = new Map(Object.keys(fields).map((field) => [SnakeCase.of(field), field]))
    this.parameters = Arguments.make(
      name,
      Object.fromEntries(Object.entries(fields).map(([field, schema]) => [SnakeCase.of(field), schema]))
    )
    this.replies = Codec.make(reply, `command '${name}': its reply`)
  }

  encodeArguments(args: object): Result.Result<Table, TypeError> {
    const renamed = Object.fromEntries(
      Object.entries(args).flatMap(([name, value]) => value === undefined ? [] : [[SnakeCase.of(name), value]])
    )
    return Result.map(this.parameters.encode(renamed), ({ kwargs }) => kwargs)
  }

  bind(args: Table): Result.Result<Arguments.Decoded<F>, TypeError> {
    const known = Object.fromEntries(Object.entries(args).filter(([name]) => this.names.has(name)))
    return Result.map(this.parameters.bind([], known), (decoded) =>
      // The names are those of `F` again, and the values were decoded by its schemas.
      Object.fromEntries(
        Object.entries(decoded).map(([name, value]) => [this.names.get(name) ?? name, value])
      ) as Arguments.Decoded<F>)
  }
}
