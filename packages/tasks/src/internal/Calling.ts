/** What a client is asked to call, made ready to be prepared; nothing is sent of what makes no sense. */
import * as Result from "effect/Result"
import type * as Arguments from "../Arguments.ts"
import type * as Callable from "../Callable.ts"
import type * as CallOptions from "../CallOptions.ts"
import * as Outcome from "../Outcome.ts"
import type * as Task from "../Task.ts"
import * as TaskError from "../TaskError.ts"
import * as Misuse from "./Misuse.ts"
import type { Called } from "./Preparing.ts"
import * as Signed from "./Signed.ts"
import * as SignedCall from "./SignedCall.ts"

type NamedCall =
  & CallOptions.CallOptions
  & { readonly [K in keyof Arguments.Encoded]?: Arguments.Encoded[K] | undefined }

/** With its arguments as they travel. What it comes to is known by the types of whoever calls. */
export const of = (
  task: Callable.Any,
  args: unknown,
  call: CallOptions.CallOptions = none
): Result.Result<Called<any, any>, TaskError.TaskError> => {
  const refused = Misuse.ofCall(task, args)
  if (refused !== undefined) return Result.fail(refused)
  const given = (args ?? none) as Task.Input<Task.Any> // it was looked at
  if (Signed.isSigned(task)) return SignedCall.called(task, given, call)
  const definition = task as Task.Any // it is no signature
  const encoded = definition.arguments.encode(given)
  return Result.isFailure(encoded)
    ? Result.fail(TaskError.because(
      "send",
      new TaskError.InvalidArguments({ task: definition.name, detail: encoded.failure.message })
    ))
    : Result.succeed({
      task: definition,
      call,
      encoded: encoded.success,
      shown: definition.arguments.conceal(encoded.success)
    })
}

/** A task by its name. */
export const ofName = (
  name: string,
  call: NamedCall = none
): Result.Result<Called<unknown, never>, TaskError.TaskError> => {
  const refused = Misuse.ofName(name)
  if (refused !== undefined) return Result.fail(refused)
  const encoded = { args: call.args ?? noArguments, kwargs: call.kwargs ?? none }
  const task = { name, options: none, outcome: Outcome.untyped, isNamed: true }
  return Result.succeed({ task, call, encoded, shown: encoded })
}

const none = Object.freeze({})
const noArguments: ReadonlyArray<unknown> = Object.freeze([])
