/** A signature as a call: its own arguments and options, and what whoever sends it says besides. */
import * as Result from "effect/Result"
import type * as CallOptions from "../CallOptions.ts"
import * as Outcome from "../Outcome.ts"
import * as SignatureCall from "../protocol/SignatureCall.ts"
import { because, InvalidOption, type TaskError } from "../TaskError.ts"
import type { Called } from "./Preparing.ts"
import * as Signed from "./Signed.ts"

/** Fails with the first thing that makes no sense in it. */
export const called = (
  signature: Signed.Signed,
  more: Readonly<Record<string, unknown>> | ReadonlyArray<unknown> | undefined,
  call: CallOptions.CallOptions = {}
): Result.Result<Called<any, any>, TaskError> => {
  const { args, definition, kwargs, problem, sendable, subtaskType, task } = signature.clone(more).state
  if (problem !== undefined) return Result.fail(problem)
  const read = SignatureCall.read({ task, options: signature.options, subtask_type: subtaskType })
  if (Result.isFailure(read)) {
    const detail = read.failure.message
    return Result.fail(because("send", new InvalidOption({ option: "signature", detail })))
  }
  const encoded = definition === undefined
    ? Result.succeed({ args, kwargs })
    : Signed.encodeAll(definition, args, kwargs)
  if (Result.isFailure(encoded)) return Result.fail(encoded.failure)
  const own = read.success.call
  return Result.succeed({
    task: sendable ?? definition ?? { name: task, options: {}, outcome: Outcome.untyped, isNamed: true },
    call: {
      ...own,
      replyTo: read.success.replyTo,
      // What is undefined says nothing.
      ...Object.fromEntries(Object.entries(call).filter(([, value]) => value !== undefined)),
      stamps: own.stamps === undefined ? call.stamps : { ...call.stamps, ...own.stamps }
    },
    encoded: encoded.success,
    shown: definition === undefined ? encoded.success : definition.arguments.conceal(encoded.success),
    within: read.success.within
  })
}
