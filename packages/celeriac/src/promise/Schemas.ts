/**
 * Parameters and results of tasks, described by Effect Schemas or by those of
 * any library that keeps to Standard Schema (Zod, Valibot, ArkType, ...).
 *
 * What travels is what a Standard Schema takes: a caller gives its input, a
 * handler gets its output. Both ends validate. A task cannot wait for a schema
 * that validates asynchronously, and says so.
 */
import type { Plain } from "@celeriac/tasks/Codec"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaTransformation from "effect/SchemaTransformation"
import type { StandardSchemaV1 } from "effect/StandardSchema"
import * as Native from "./Native.ts"

export type Any = Plain | StandardSchemaV1<any, any>

/** By name, in order. */
export type Fields = { readonly [name: string]: Any }

/** What is given to a schema: by the caller of a task, or by the handler that returns. */
export type Input<S> = S extends Plain ? S["Type"] : S extends StandardSchemaV1<infer I, any> ? I : never

/** What comes out of a schema: for the handler of a task, or for who waits for its result. */
export type Output<S> = S extends Plain ? S["Type"] : S extends StandardSchemaV1<any, infer O> ? O : never

type Optional<F extends Fields> = {
  [K in keyof F]: F[K] extends Plain
    ? F[K] extends { readonly "~encoded.optionality": "optional" } | { readonly "~@celeriac/tasks/Variadic": unknown } ?
      K
    : never
    : undefined extends Input<F[K]> ? K
    : never
}[keyof F]

/** What a caller gives. */
export type Arguments<F extends Fields> = Simplify<
  & { readonly [K in Exclude<keyof F, Optional<F>>]: Input<F[K]> }
  & { readonly [K in Optional<F>]?: Input<F[K]> }
>

/** What a handler gets. A Standard Schema has had its say about what was left out. */
export type Parameters<F extends Fields> = Simplify<
  & { readonly [K in keyof F as F[K] extends { readonly "~type.optionality": "optional" } ? never : K]: Output<F[K]> }
  & { readonly [K in keyof F as F[K] extends { readonly "~type.optionality": "optional" } ? K : never]?: Output<F[K]> }
>

type Simplify<T> = { [K in keyof T]: T[K] } & {}

/** What a handler returns without a schema. */
export const unchecked: Plain = Schema.Unknown.pipe(Schema.decodeTo(
  Schema.Unknown,
  SchemaTransformation.transformEffect({
    decode: (wire) => Effect.succeed(Native.fromWire(wire)),
    encode: (value) => send(value)
  })
))

/** The Effect Schema of any schema. */
export const toEffect = (schema: Any): Plain => Schema.isSchema(schema) ? schema as Plain : fromStandard(schema)

/** The same for a parameter, which may be left out where its schema accepts `undefined`. */
export const toParameter = (schema: Any): Plain =>
  !Schema.isSchema(schema) && fallback(schema) !== undefined ? Schema.optionalKey(toEffect(schema)) : toEffect(schema)

/** Fills in what Standard Schemas have for parameters that were left out. */
export const filling = (fields: Fields): (parameters: Readonly<Record<string, unknown>>) => Record<string, unknown> => {
  const fallbacks = Object.entries(fields).flatMap(([name, schema]) =>
    Schema.isSchema(schema) || fallback(schema) === undefined ? [] : [[name, schema] as const]
  )
  if (fallbacks.length === 0) return (parameters) => parameters
  return (parameters) => {
    const filled = { ...parameters }
    for (const [name, schema] of fallbacks) {
      // Asked anew: a default may be a new object each time.
      if (!(name in filled)) filled[name] = fallback(schema)?.value
    }
    return filled
  }
}

const fallback = (schema: Any): StandardSchemaV1.SuccessResult<unknown> | undefined => {
  if (!("~standard" in schema)) return undefined
  const result = validate(schema, undefined)
  return result.issues === undefined ? result : undefined
}

const fromStandard = (schema: Any): Plain => {
  if (!("~standard" in schema)) throw new TypeError("a schema is an Effect Schema or a Standard Schema")
  const check = (input: unknown): Effect.Effect<unknown, SchemaIssue.Issue> => {
    const result = validate(schema, input)
    return result.issues === undefined ? Effect.succeed(result.value) : Effect.fail(issueOf(result.issues[0]))
  }
  // The schema has its say first: what it refuses needs no other reason.
  const encode = (input: unknown) => Effect.andThen(check(input), send(input))
  return Schema.Unknown.pipe(Schema.decodeTo(
    Schema.Unknown,
    SchemaTransformation.transformEffect({ decode: (wire) => check(Native.fromWire(wire)), encode })
  ))
}

const send = (input: unknown): Effect.Effect<unknown, SchemaIssue.Issue> => {
  const why = Native.refusal(input)
  return why === undefined ? Effect.succeed(input) : Effect.fail(new SchemaIssue.InvalidValue({ message: why }))
}

const validate = (schema: StandardSchemaV1, input: unknown): StandardSchemaV1.Result<unknown> => {
  const result = schema["~standard"].validate(input)
  if (!(result instanceof Promise)) return result
  result.catch(() => {})
  throw new TypeError("this schema validates asynchronously, which a task cannot wait for")
}

const issueOf = (issue: StandardSchemaV1.Issue | undefined): SchemaIssue.Issue => {
  const invalid = new SchemaIssue.InvalidValue({ message: issue?.message ?? "not valid" })
  const path = (issue?.path ?? []).map((segment) => typeof segment === "object" ? segment.key : segment)
  return path.length === 0 ? invalid : new SchemaIssue.Pointer(path, invalid)
}
