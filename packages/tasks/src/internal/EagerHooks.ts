/** The hooks of a task that runs where it is called: as a worker calls them, when an attempt has come to something. */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { TaskContext } from "../TaskContext.ts"
import * as TaskHooks from "../TaskHooks.ts"
import * as TaskPredicate from "../TaskPredicate.ts"
import type { Registered } from "../TaskRegistry.ts"
import type { TaskRequest } from "../TaskRequest.ts"

/** What an attempt with these parameters has come to. */
interface Attempt {
  readonly registered: Registered
  readonly request: TaskRequest
  readonly parameters: unknown
  readonly exit: Exit.Exit<unknown, unknown>
}

/** Those of an attempt that is over, one after the other. `willRetry` is whether another one follows. */
export const after = ({ exit, parameters, registered, request }: Attempt, willRetry: boolean): Effect.Effect<void> => {
  const { hooks } = registered
  if (hooks === undefined) return Effect.void
  const calls: Array<Effect.Effect<void, never, any>> = []
  const call = (name: string, hook: ((...args: ReadonlyArray<any>) => unknown) | undefined, first: unknown) => {
    if (hook !== undefined) calls.push(TaskHooks.guarded(request, name, () => hook(first, parameters, request)))
  }
  const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
  if (Exit.isSuccess(exit)) {
    call("onSuccess", hooks.onSuccess, exit.value)
    call("afterReturn", hooks.afterReturn, exit)
  } else if (!TaskPredicate.isTaskPredicate(error) || (error._tag === "Retry" && !willRetry)) {
    const cause = TaskPredicate.isTaskPredicate(error) ? causeOf(error, exit.cause) : exit.cause
    call("onFailure", hooks.onFailure, cause)
    call("afterReturn", hooks.afterReturn, Exit.failCause(cause))
  } else if (error._tag === "Retry") {
    call("onRetry", hooks.onRetry, error)
  }
  return Effect.provideContext(
    Effect.all(calls, { discard: true }),
    Context.add(registered.context, TaskContext, request)
  )
}

/** Why it has failed that would have run again. */
const causeOf = (error: TaskPredicate.TaskPredicate<unknown>, cause: Cause.Cause<unknown>): Cause.Cause<unknown> => {
  if (error._tag !== "Retry") return cause
  const { defect, error: declared } = error.options
  return declared !== undefined ? Cause.fail(declared) : Cause.die(defect ?? error)
}
