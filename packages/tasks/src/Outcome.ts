/**
 * What a task comes to, between a handler's types and a stored record.
 *
 * A value is stored as its schema encodes it. A declared error is stored as an
 * exception that every language can read: its class is the error's tag, its
 * module is `celeriac`, and it has two arguments, the message for people and
 * the encoded error for programs:
 *
 * ```json
 * { "exc_type": "OutOfStock", "exc_module": "celeriac",
 *   "exc_message": ["only 3 left", { "_tag": "OutOfStock", "left": 3 }] }
 * ```
 *
 * A Python client raises `celery.exceptions.OutOfStock` with those arguments; a
 * client that has the definition fails with the error itself. One that Python
 * has a class for (`Python.Exception`) is stored under that class's own name.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as SchemaAST from "effect/SchemaAST"
import * as Codec from "./Codec.ts"
import { PythonExceptions } from "./internal/PythonException.ts"
import * as ExceptionRecord from "./result/ExceptionRecord.ts"

/** Both directions, none of which throws. */
export interface Outcome<A, E> {
  /** A returned value as it is stored, or an `EncodeError` to store because it does not fit its schema. */
  readonly encodeSuccess: (value: unknown) => Result.Result<unknown, ExceptionRecord.ExceptionRecord>
  /** A declared error as above, and anything else as well as it can be told. */
  readonly encodeError: (error: unknown) => ExceptionRecord.ExceptionRecord
  /** A stored value, or why it does not fit. */
  readonly decodeSuccess: (result: unknown) => Result.Result<A, string>
  /** A stored exception as the declared error it was, or nothing: then it was none. */
  readonly decodeError: (record: ExceptionRecord.ExceptionRecord) => { readonly error: E } | undefined
}

/** From the schemas of the result and of the declared errors; throws when one of them does not travel. */
export const make = <A extends Codec.Plain, E extends Codec.Plain>(
  task: string,
  success: A,
  error: E
): Outcome<A["Type"], E["Type"]> => {
  const value = Codec.make(success, `task '${task}': its result`)
  const failure = SchemaAST.isNever(error.ast) ? undefined : Codec.make(error, `task '${task}': its declared error`)
  const python = new PythonExceptions(error.ast)
  return {
    encodeSuccess: (result) => {
      const encoded = value.encode(result)
      return Result.isSuccess(encoded)
        ? Result.succeed(encoded.success === undefined ? null : encoded.success)
        : Result.fail(ExceptionRecord.make(
          "EncodeError",
          [`the handler returned what its task does not: ${Codec.format(encoded.failure)}`],
          "kombu.exceptions"
        ))
    },
    encodeError: (thrown) => {
      const encoded = failure?.encode(thrown)
      if (encoded === undefined || Result.isFailure(encoded)) return ExceptionRecord.fromUnknown(thrown)
      const named = python.write(encoded.success)
      if (named !== undefined) return named
      const excType = nameOf(thrown)
      return ExceptionRecord.make(
        excType,
        [messageOf(thrown) ?? excType, encoded.success ?? null],
        ExceptionRecord.foreignModule
      )
    },
    decodeSuccess: (result) => {
      const decoded = value.decode(result)
      return Result.isSuccess(decoded) ? Result.succeed(decoded.success) : Result.fail(Codec.format(decoded.failure))
    },
    decodeError: (record) => {
      if (failure === undefined) return undefined
      const isOwn = record.excModule === ExceptionRecord.foreignModule && record.args.length === 2
      const encoded = isOwn ? record.args[1] : python.read(record)
      if (encoded === undefined) return undefined
      const decoded = failure.decode(encoded)
      return Result.isSuccess(decoded) ? { error: decoded.success } : undefined
    }
  }
}

/** What reads results of tasks whose definition is not at hand: values as they were stored. */
export const untyped: Outcome<unknown, never> = {
  encodeSuccess: (value) => Result.succeed(value ?? null),
  encodeError: (error) => ExceptionRecord.fromUnknown(error),
  decodeSuccess: (result) => Result.succeed(result),
  decodeError: () => undefined
}

const nameOf = (error: unknown): string => {
  if (typeof error !== "object" || error === null) return "TaskFailure"
  if ("_tag" in error && typeof error._tag === "string" && error._tag !== "") return error._tag
  return error instanceof Error && error.name !== "" ? error.name : "TaskFailure"
}

const messageOf = (error: unknown): string | undefined =>
  error instanceof Error && error.message !== "" ? error.message : typeof error === "string" ? error : undefined
