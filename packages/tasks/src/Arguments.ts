/**
 * Python's calling convention for a task's parameters: named and ordered,
 * given by position or by keyword, refused in Python's own words.
 *
 * In order as Python has them: `Python.Args` takes what is left of the
 * positional arguments, parameters behind it are given by keyword only, and
 * `Python.Kwargs` takes what is left of the keywords.
 *
 * Worked out once per task, used at every message. A parameter may be left out
 * when its encoded form is optional: `Schema.optionalKey(...)`, or a schema
 * with a decoding default.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Codec from "./Codec.ts"
import { again, type Said } from "./internal/Again.ts"
import { Convention, type Encoded, isPositional, parameter } from "./internal/Convention.ts"
import type * as Variadic from "./internal/Variadic.ts"

/** The parameters of a task, in order. Each decodes and encodes without services. */
export type Fields = { readonly [name: string]: Codec.Plain }

type OptionalName<F extends Fields> = {
  [K in keyof F]: F[K] extends { readonly "~encoded.optionality": "optional" } | Variadic.Variadic ? K : never
}[keyof F]

/** Without `*args` and `**kwargs`. */
type Single<F extends Fields> = { [K in keyof F as F[K] extends Variadic.Variadic ? never : K]: F[K] }

/** What `*args` takes; nothing without one. */
type RestOf<F extends Fields> = {
  [K in keyof F]: F[K] extends Variadic.Variadic<"args"> ? F[K]["Type"] extends ReadonlyArray<infer A> ? A : never
    : never
}[keyof F]

/** What a handler gets: every parameter by name, decoded. */
export type Decoded<F extends Fields> = Schema.Struct.Type<F>

/** Arguments by keyword; those of `*args` as a list, those of `**kwargs` as an object, under the names of the two. */
export type Named<F extends Fields> = Simplify<
  & { readonly [K in Exclude<keyof F, OptionalName<F>>]: F[K]["Type"] }
  & { readonly [K in OptionalName<F>]?: F[K]["Type"] }
>

/** As `Named`, with `*args` and `**kwargs` told from a list and an object: what a signature lacks. */
export type Lacking<F extends Fields> = Simplify<
  & { readonly [K in Exclude<keyof F, OptionalName<F>>]: F[K]["Type"] }
  & {
    readonly [K in OptionalName<F>]?: F[K] extends Variadic.Variadic<"args"> ? F[K]["Type"] & Variadic.Each
      : F[K] extends Variadic.Variadic<"kwargs"> ? F[K]["Type"] & Variadic.Others
      : F[K]["Type"]
  }
>

/**
 * Arguments by position. TypeScript does not keep the order of an object's
 * properties, so the type knows how many there are and what types they may
 * have; that each stands in its own place is checked before sending.
 */
export type Positional<F extends Fields> = [RestOf<F>] extends [never] ? Places<Single<F>>
  : readonly [...Places<Single<F>>, ...ReadonlyArray<RestOf<F>>]

type Places<F extends Fields> = readonly [
  ...Repeat<F[keyof F]["Type"], Exclude<keyof F, OptionalName<F>>>,
  ...Partial<Repeat<F[keyof F]["Type"], OptionalName<F>>>
]

/** Arguments either way. */
export type Input<F extends Fields> = Named<F> | Positional<F>

export type { Encoded } from "./internal/Convention.ts"

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
  /** Some of them, by name, for sending later. */
  readonly encodePartial: (input: Readonly<Record<string, unknown>>) => Result.Result<Encoded, TypeError>
  /** Why a task cannot be called with these; nothing when it can. */
  readonly lacking: (encoded: Encoded) => TypeError | undefined
  /** Those of a call that says only some of them anew, beside what the call before said: nothing where that stays. */
  readonly again: (before: Encoded, said: Said) => Said
  /** For logs and reprs: the same arguments, with those that hold a `Schema.Redacted` masked. */
  readonly conceal: (encoded: Encoded) => Encoded
}

/** Throws when a name is not a Python identifier, or the order not Python's: a definition is wrong or right when it is written. */
export const make = <const F extends Fields>(task: string, fields: F): Arguments<F> => {
  const parameters = Object.keys(fields).map((name) => parameter(task, name, fields[name]!))
  const callable = Convention.make(task, parameters)
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
    encodePartial: (input) => callable.encodeNamed(input, true),
    lacking: ({ args, kwargs }) => callable.assign({}, args, kwargs) ? undefined : callable.mismatch(args, kwargs),
    again: (before, said) => again(callable, before, said),
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
