/**
 * Python's calling convention for a task's parameters: named and ordered,
 * given by position or by keyword, refused in Python's own words.
 *
 * Worked out once per task, used at every message. A parameter may be left out
 * when its encoded form is optional: `Schema.optionalKey(...)`, or a schema
 * with a decoding default.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import * as Codec from "./Codec.ts"

/** The parameters of a task, in order. Each decodes and encodes without services. */
export type Fields = { readonly [name: string]: Codec.Plain }

type OptionalName<F extends Fields> = {
  [K in keyof F]: F[K] extends { readonly "~encoded.optionality": "optional" } ? K : never
}[keyof F]

/** What a handler gets: every parameter by name, decoded. */
export type Decoded<F extends Fields> = Schema.Struct.Type<F>

/** Arguments by keyword. */
export type Named<F extends Fields> = Simplify<
  & { readonly [K in Exclude<keyof F, OptionalName<F>>]: F[K]["Type"] }
  & { readonly [K in OptionalName<F>]?: F[K]["Type"] }
>

/**
 * Arguments by position. TypeScript does not keep the order of an object's
 * properties, so the type knows how many there are and what types they may
 * have; that each stands in its own place is checked before sending.
 */
export type Positional<F extends Fields> = readonly [
  ...Repeat<F[keyof F]["Type"], Exclude<keyof F, OptionalName<F>>>,
  ...Partial<Repeat<F[keyof F]["Type"], OptionalName<F>>>
]

/** Arguments either way. */
export type Input<F extends Fields> = Named<F> | Positional<F>

/** Arguments as they travel. */
export interface Encoded {
  readonly args: ReadonlyArray<unknown>
  readonly kwargs: Readonly<Record<string, unknown>>
}

/** How a task is called: Python's convention over schemas. */
export interface Arguments<F extends Fields> {
  /** In order. */
  readonly names: ReadonlyArray<string>
  /** Received arguments, decoded; or the `TypeError` that Python would have raised. */
  readonly bind: (
    args: ReadonlyArray<unknown>,
    kwargs: Readonly<Record<string, unknown>>
  ) => Result.Result<Decoded<F>, TypeError>
  /** Arguments for sending: positional ones stay positional. */
  readonly encode: (input: Input<F>) => Result.Result<Encoded, TypeError>
  /** For logs and reprs: the same arguments, with those that hold a `Schema.Redacted` masked. */
  readonly conceal: (encoded: Encoded) => Encoded
}

/** Throws when a name is not a Python identifier: a definition is wrong or right when it is written. */
export const make = <const F extends Fields>(task: string, fields: F): Arguments<F> => {
  const parameters = Object.keys(fields).map((name) => parameter(task, name, fields[name]!))
  const callable = new Callable(`${task.slice(task.lastIndexOf(".") + 1)}()`, parameters)
  const struct = Codec.make(Schema.Struct(fields), `task '${task}'`)
  return {
    names: parameters.map(({ name }) => name),
    bind: (args, kwargs) => {
      const input: Record<string, unknown> = {}
      if (!callable.assign(input, args, kwargs)) return Result.fail(callable.mismatch(args, kwargs))
      const decoded = struct.decode(input)
      return Result.isSuccess(decoded)
        ? Result.succeed(decoded.success)
        : Result.fail(callable.refuse(decoded.failure))
    },
    encode: (input) => isPositional(input) ? callable.encodePositional(input) : callable.encodeNamed(input),
    conceal: parameters.some(({ secret }) => secret) ? (encoded) => callable.conceal(encoded) : (encoded) => encoded
  }
}

type Simplify<T> = { [K in keyof T]: T[K] } & {}

/** One `Value` for each member of the union `Keys`. */
type Repeat<Value, Keys> = RepeatFor<Value, Keys> extends infer Out extends ReadonlyArray<unknown> ? Out : never

type RepeatFor<Value, Keys, Out extends ReadonlyArray<unknown> = []> = [Keys] extends [never] ? Out
  : RepeatFor<Value, Exclude<Keys, LastOf<Keys>>, [...Out, Value]>

type LastOf<T> = Both<T extends unknown ? () => T : never> extends () => infer L ? L : never

type Both<U> = (U extends unknown ? (value: U) => void : never) extends (value: infer I) => void ? I : never

interface Parameter {
  readonly name: string
  readonly required: boolean
  readonly secret: boolean
  readonly codec: Codec.Codec<unknown, unknown>
}

const identifier = /^(?!__proto__$)[A-Za-z_][A-Za-z0-9_]*$/

const parameter = (task: string, name: string, schema: Codec.Plain): Parameter => {
  if (!identifier.test(name)) {
    throw new Error(`task '${task}': parameter '${name}' is not a name that Python could use as a keyword argument`)
  }
  return {
    name,
    required: !SchemaAST.isOptional(SchemaAST.toEncoded(schema.ast)),
    secret: Codec.holdsSecret(schema.ast),
    codec: Codec.make(schema, `task '${task}': parameter '${name}'`)
  }
}

const mask = "<redacted>"

const isPositional = (input: object): input is ReadonlyArray<unknown> => Array.isArray(input)

class Callable {
  readonly shown: string
  readonly parameters: ReadonlyArray<Parameter>
  readonly indices: ReadonlyMap<string, number>

  constructor(shown: string, parameters: ReadonlyArray<Parameter>) {
    this.shown = shown
    this.parameters = parameters
    this.indices = new Map(parameters.map(({ name }, index) => [name, index]))
  }

  /** Gives every argument to its parameter; false when one has no place, or one is missing. */
  assign(
    into: Record<string, unknown>,
    args: ReadonlyArray<unknown>,
    kwargs: Readonly<Record<string, unknown>>
  ): boolean {
    const { indices, parameters } = this
    let count = args.length
    if (count > parameters.length) return false
    for (let i = 0; i < args.length; i++) into[parameters[i]!.name] = args[i]
    for (const name in kwargs) {
      const index = indices.get(name)
      if (index === undefined || index < args.length) return false
      into[name] = kwargs[name]
      count++
    }
    if (count === parameters.length) return true
    for (let i = args.length; i < parameters.length; i++) {
      const { name, required } = parameters[i]!
      if (required && !Object.hasOwn(into, name)) return false
    }
    return true
  }

  /** In Python's order: keywords, then the number of positional arguments, then what is missing. */
  mismatch(args: ReadonlyArray<unknown>, kwargs: Readonly<Record<string, unknown>>): TypeError {
    const { indices, parameters, shown } = this
    for (const name of Object.keys(kwargs)) {
      const index = indices.get(name)
      if (index === undefined) return new TypeError(`${shown} got an unexpected keyword argument '${excerpt(name)}'`)
      if (index < args.length) return new TypeError(`${shown} got multiple values for argument '${name}'`)
    }
    if (args.length > parameters.length) {
      const most = parameters.length
      const least = parameters.filter(({ required }) => required).length
      const takes = least === most
        ? `${most} positional argument${most === 1 ? "" : "s"}`
        : `from ${least} to ${most} positional arguments`
      return new TypeError(
        `${shown} takes ${takes} but ${args.length} ${args.length === 1 ? "was" : "were"} given`
      )
    }
    const missing = parameters
      .filter(({ name, required }, index) => required && index >= args.length && !Object.hasOwn(kwargs, name))
      .map(({ name }) => `'${name}'`)
    return new TypeError(
      `${shown} missing ${missing.length} required positional argument${missing.length === 1 ? "" : "s"}: ${
        listed(missing)
      }`
    )
  }

  refuse({ detail, path }: Codec.Refusal): TypeError {
    return path.length === 0
      ? new TypeError(`${this.shown} ${detail}`)
      : new TypeError(`${this.shown} argument '${String(path[0])}': ${Codec.format({ detail, path: path.slice(1) })}`)
  }

  encodePositional(input: ReadonlyArray<unknown>): Result.Result<Encoded, TypeError> {
    const { parameters } = this
    let given = input.length
    while (given > 0 && input[given - 1] === undefined && parameters[given - 1]?.required === false) given--
    if (given > parameters.length || parameters.some(({ required }, index) => required && index >= given)) {
      return Result.fail(this.mismatch(input, noKeywords))
    }
    const args = new Array<unknown>(given)
    for (let i = 0; i < given; i++) {
      const encoded = parameters[i]!.codec.encode(input[i])
      if (Result.isFailure(encoded)) return Result.fail(this.refuseOne(i, encoded.failure))
      args[i] = encoded.success
    }
    return Result.succeed({ args, kwargs: noKeywords })
  }

  encodeNamed(input: Readonly<Record<string, unknown>>): Result.Result<Encoded, TypeError> {
    const kwargs: Record<string, unknown> = {}
    let complete = true
    for (const name of Object.keys(input)) {
      const index = this.indices.get(name)
      if (index === undefined) return Result.fail(this.mismatch(noArguments, input))
      const { codec, required } = this.parameters[index]!
      if (input[name] === undefined && !required) continue
      const encoded = codec.encode(input[name])
      if (Result.isFailure(encoded)) return Result.fail(this.refuseOne(index, encoded.failure))
      kwargs[name] = encoded.success
    }
    for (const { name, required } of this.parameters) complete &&= !required || Object.hasOwn(kwargs, name)
    return complete ? Result.succeed({ args: noArguments, kwargs }) : Result.fail(this.mismatch(noArguments, kwargs))
  }

  conceal({ args, kwargs }: Encoded): Encoded {
    const named: Record<string, unknown> = {}
    for (const name of Object.keys(kwargs)) {
      named[name] = this.parameters[this.indices.get(name) ?? -1]?.secret === false ? kwargs[name] : mask
    }
    return { args: args.map((arg, index) => this.parameters[index]?.secret === false ? arg : mask), kwargs: named }
  }

  private refuseOne(index: number, { detail, path }: Codec.Refusal): TypeError {
    return this.refuse({ detail, path: [this.parameters[index]!.name, ...path] })
  }
}

const noArguments: ReadonlyArray<unknown> = []
const noKeywords: Readonly<Record<string, unknown>> = {}

const excerpt = (name: string): string => name.length > 100 ? `${name.slice(0, 100)}...` : name

/** `'x'`, `'x' and 'y'`, `'x', 'y', and 'z'`. */
const listed = (names: ReadonlyArray<string>): string =>
  names.length < 3
    ? names.join(" and ")
    : `${names.slice(0, -1).join(", ")}, and ${names[names.length - 1]}`
