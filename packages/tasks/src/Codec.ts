/**
 * A schema made ready for use at every message: synchronous, without effects,
 * never throwing, compiled once it has proved to be used.
 *
 * Used by `Arguments` and `Task`. What a refusal says holds the value that was
 * refused, unless the schema holds a `Schema.Redacted`: then it does not.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaJITCompiler from "effect/schema/SchemaJITCompiler"
import * as SchemaAST from "effect/SchemaAST"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaParser from "effect/SchemaParser"
import * as Wire from "./internal/Wire.ts"

/** A schema that decodes and encodes without services. */
export type Plain = Schema.ConstraintCodec<unknown, unknown>

/** Why a value was refused, and where inside it. */
export interface Refusal {
  readonly path: ReadonlyArray<PropertyKey>
  readonly detail: string
}

/** Both ways of a schema, without effects. */
export interface Codec<out A, out I> {
  readonly decode: (input: unknown) => Result.Result<A, Refusal>
  readonly encode: (value: unknown) => Result.Result<I, Refusal>
}

/**
 * Between a schema's values and what travels. Compiled at the first use; throws
 * when the schema has a part that does not travel. `owner` is whose it is, in
 * words: `task 'proj.add': parameter 'x'`.
 */
export const make = <S extends Plain>(schema: S, owner: string): Codec<S["Type"], unknown> => {
  const wire = wireOf(schema, owner)
  return {
    decode: side(
      wire.ast,
      () => SchemaParser.decodeUnknownSync(wire),
      () => SchemaParser.decodeUnknownResult(wire, reporting(wire.ast))
    ),
    encode: side(
      SchemaAST.flip(wire.ast),
      () => SchemaParser.encodeUnknownSync(wire),
      () => SchemaParser.encodeUnknownResult(wire, reporting(wire.ast))
    )
  }
}

const wireOf = <S extends Plain>(schema: S, owner: string): Schema.ConstraintCodec<S["Type"], unknown> => {
  try {
    return Wire.of(schema)
  } catch (error) {
    throw new Error(`${owner}: ${messageOf(error)}`, { cause: error })
  }
}

/** `Expected an integer, got 1.5`, and where when it is not the value itself. */
export const format = ({ detail, path }: Refusal): string =>
  path.length === 0 ? detail : `${detail} at ${path.map((key) => `[${JSON.stringify(String(key))}]`).join("")}`

/** Whether any part of the schema is `Schema.Redacted`. */
export const holdsSecret = (ast: SchemaAST.AST): boolean => search(ast, new Set())

/** Compiling costs about as much as this many interpreted calls; a program that calls once should not pay it. */
const callsBeforeCompiling = 16

const longestDetail = 1024

const side = <A>(
  ast: SchemaAST.AST,
  make: () => (input: unknown) => A,
  makeDetailed: () => (input: unknown) => Result.Result<A, SchemaIssue.Issue>
): (input: unknown) => Result.Result<A, Refusal> => {
  let run: ((input: unknown) => A) | undefined
  let calls = 0
  return (input) => {
    if (calls <= callsBeforeCompiling) {
      if (calls === callsBeforeCompiling) {
        SchemaJITCompiler.enable(ast)
        run = undefined
      }
      calls = calls + 1
      run ??= make()
    }
    try {
      return Result.succeed(run!(input))
    } catch (error) {
      return Result.fail(explain(makeDetailed(), input, error))
    }
  }
}

const explain = <A>(
  detailed: (input: unknown) => Result.Result<A, SchemaIssue.Issue>,
  input: unknown,
  thrown: unknown
): Refusal => {
  try {
    const result = detailed(input)
    if (Result.isFailure(result)) {
      const first = formatIssue(result.failure).issues[0]
      if (first !== undefined) {
        const path = (first.path ?? []).map(keyOf)
        return { path, detail: bounded(first.message) + hintFor(path.reduce(memberOf, input)) }
      }
    }
  } catch {
    // A transformation that throws, or waits: what was thrown first says it.
  }
  return { path: [], detail: bounded(messageOf(thrown)) }
}

const memberOf = (value: unknown, key: PropertyKey): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined

/** Which schemas take what JavaScript's integers have no place for. */
const hintFor = (value: unknown): string =>
  typeof value === "bigint" || (Number.isInteger(value) && !Number.isSafeInteger(value))
    ? ". Python.BigInt takes integers beyond 2^53, Python.Float takes floats"
    : ""

/** Of what a transformation threw: the parser wraps it. */
const messageOf = (thrown: unknown): string => {
  if (!(thrown instanceof Error)) return String(thrown)
  return Cause.isCause(thrown.cause) ? messageOf(Cause.squash(thrown.cause)) : thrown.message
}

const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1()

const keyOf = (segment: PropertyKey | { readonly key: PropertyKey }): PropertyKey =>
  typeof segment === "object" ? segment.key : segment

const bounded = (text: string): string => text.length > longestDetail ? `${text.slice(0, longestDetail)}...` : text

const reporting = (ast: SchemaAST.AST): SchemaAST.ParseOptions => ({ errors: "first", reportInput: !holdsSecret(ast) })

const search = (ast: SchemaAST.AST, seen: Set<SchemaAST.AST>): boolean => {
  if (seen.has(ast)) return false
  seen.add(ast)
  return isRedacted(ast) || children(ast).some((child) => search(child, seen)) ||
    (ast.encoding ?? []).some((link) => search(link.to, seen))
}

const isRedacted = (ast: SchemaAST.AST): boolean => {
  const representation = ast.annotations?.representation
  return typeof representation === "object" && representation !== null && "id" in representation &&
    representation.id === "effect/schema/Redacted"
}

const children = (ast: SchemaAST.AST): ReadonlyArray<SchemaAST.AST> => {
  switch (ast._tag) {
    case "Declaration":
      return ast.typeParameters
    case "Arrays":
      return [...ast.elements, ...ast.rest]
    case "Objects":
      return [
        ...ast.propertySignatures.map((property) => property.type),
        ...ast.indexSignatures.map((signature) => signature.type)
      ]
    case "Union":
      return ast.types
    case "Suspend":
      return [ast.thunk()]
    default:
      return []
  }
}
