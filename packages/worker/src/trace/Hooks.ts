/**
 * What a task has to do when what came of it is stored: its hooks.
 *
 * They are run where the task was run, one after the other. Source: Celery's
 * tracer, `tasks/TaskHooks`.
 *
 * @since 0.1.0
 */
import * as ExceptionRecord from "@celeriac/tasks/result/ExceptionRecord"
import * as TaskHooks from "@celeriac/tasks/TaskHooks"
import * as TaskPredicate from "@celeriac/tasks/TaskPredicate"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Interruption from "./Interruption.ts"
import type { Failure, Outcome } from "./Outcome.ts"
import type { Run } from "./Run.ts"

/** Those of a run that has come to this; undefined when there are none. */
export const of = (run: Run, exit: Exit.Exit<unknown, unknown>, outcome: Outcome): Effect.Effect<void> | undefined => {
  const { hooks } = run.registered
  if (hooks === undefined || wasStopped(exit)) return undefined
  const { parameters } = run
  const { afterReturn, onFailure, onRetry, onSuccess } = hooks
  // What they need is in the context of the run.
  const calls: Array<Effect.Effect<void, never, any>> = []
  const call = (name: string, hook: ((...args: ReadonlyArray<any>) => unknown) | undefined, first: unknown) => {
    if (hook !== undefined) calls.push(TaskHooks.guarded(run, name, () => hook(first, parameters, run)))
  }
  switch (outcome._tag) {
    case "Success":
      if (Exit.isFailure(exit)) return undefined
      call("onSuccess", onSuccess, exit.value)
      call("afterReturn", afterReturn, exit)
      break
    case "Failure": {
      const cause = causeOf(run, exit, outcome)
      call("onFailure", onFailure, cause)
      call("afterReturn", afterReturn, Exit.failCause(cause))
      break
    }
    case "Retry": {
      const retry = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
      if (isRetry(retry)) call("onRetry", onRetry, retry)
    }
  }
  return calls.length === 0 ? undefined : Effect.provideContext(Effect.all(calls, { discard: true }), run.context)
}

/** The worker has ended it: only of its soft limit a task is told. */
const wasStopped = (exit: Exit.Exit<unknown, unknown>): boolean => {
  if (Exit.isSuccess(exit) || !Cause.hasInterruptsOnly(exit.cause)) return false
  const why = Interruption.fromCause(exit.cause)
  return why !== undefined && why._tag !== "SoftLimit"
}

/** Why it has failed, also where it did not fail itself: its result has no form, or it has no attempt left. */
const causeOf = (run: Run, exit: Exit.Exit<unknown, unknown>, outcome: Failure): Cause.Cause<unknown> => {
  if (Exit.isFailure(exit)) {
    const error = Cause.squash(exit.cause)
    if (!TaskPredicate.isTaskPredicate(error)) return exit.cause
    if (isRetry(error) && error.options.error !== undefined) return Cause.fail(error.options.error)
    if (isRetry(error) && error.options.defect !== undefined) return Cause.die(error.options.defect)
  }
  return Cause.die(
    ExceptionRecord.toException(outcome.exception, { taskId: run.id, traceback: outcome.traceback })
  )
}

const isRetry = (error: unknown): error is TaskPredicate.Retry<unknown> =>
  TaskPredicate.isTaskPredicate(error) && error._tag === "Retry"
