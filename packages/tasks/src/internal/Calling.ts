/** What a client is asked to call, made ready to be prepared; nothing is sent of what makes no sense. */
import * as Result from "effect/Result"
import type * as Arguments from "../Arguments.ts"
import type * as CallOptions from "../CallOptions.ts"
import * as Outcome from "../Outcome.ts"
import * as SignatureCall from "../protocol/SignatureCall.ts"
import type * as Signature from "../Signature.ts"
import type * as Task from "../Task.ts"
import * as TaskError from "../TaskError.ts"
import * as Misuse from "./Misuse.ts"
import type * as Preparing from "./Preparing.ts"

type NamedCall =
  & CallOptions.CallOptions
  & { readonly [K in keyof Arguments.Encoded]?: Arguments.Encoded[K] | undefined }

/** A task with its arguments as they travel; nothing is sent of what makes no sense. */
export const ofTask = <T extends Task.Any>(
  task: T,
  args: Task.Input<T> | undefined,
  call: CallOptions.CallOptions = none
): Result.Result<Preparing.Called<Task.Success<T>, Task.Failure<T>>, TaskError.TaskError> => {
  const refused = Misuse.ofCall(task, args)
  if (refused !== undefined) return Result.fail(refused)
  const encoded = task.arguments.encode(args ?? none)
  return Result.isFailure(encoded)
    ? Result.fail(TaskError.because(
      "send",
      new TaskError.InvalidArguments({ task: task.name, detail: encoded.failure.message })
    ))
    : Result.succeed({ task, call, encoded: encoded.success, shown: task.arguments.conceal(encoded.success) })
}

/** A task by its name. */
export const ofName = (
  name: string,
  call: NamedCall = none
): Result.Result<Preparing.Called<unknown, never>, TaskError.TaskError> => {
  const refused = Misuse.ofName(name)
  if (refused !== undefined) return Result.fail(refused)
  const encoded = { args: call.args ?? noArguments, kwargs: call.kwargs ?? none }
  const task = { name, options: none, outcome: Outcome.untyped, isNamed: true }
  return Result.succeed({ task, call, encoded, shown: encoded })
}

/** A signature, with what it lacks. */
export const ofSignature = <L, A, E>(
  signature: Signature.Signature<L, A, E>,
  given: object = none,
  options: Signature.Options = none
): Result.Result<Preparing.Called<A, E>, TaskError.TaskError> => {
  try {
    const whole: Signature.Signature<any, A, E> = signature.clone(given, options)
    const lacking = whole.lacking()
    if (lacking !== undefined) return invalid(whole.task, lacking.message)
    const read = SignatureCall.read(whole.toJSON(), { links: true })
    if (Result.isFailure(read)) return invalid(whole.task, read.failure.message)
    const { call: { args, kwargs, ...call }, replyTo } = read.success
    const encoded = { args, kwargs }
    const task = { name: whole.task, options: whole.defaults, outcome: whole.outcome, isNamed: whole.isNamed }
    return Result.succeed({ task, call: { ...call, replyTo }, encoded, shown: whole.conceal(encoded) })
  } catch (error) {
    if (error instanceof TaskError.TaskError) return Result.fail(error)
    throw error
  }
}

const invalid = (task: string, detail: string): Result.Result<never, TaskError.TaskError> =>
  Result.fail(TaskError.because("send", new TaskError.InvalidArguments({ task, detail })))

const none = Object.freeze({})
const noArguments: ReadonlyArray<unknown> = Object.freeze([])
