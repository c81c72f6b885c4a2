/**
 * What a task has to do when what came of it is stored: its hooks.
 *
 * They are run where the task was run, one after the other. Source: Celery's
 * tracer, `tasks/TaskHooks`.
 *
 * @since 0.1.0
 */
import * as TaskHooks from "@celeriac/tasks/TaskHooks"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Interruption from "./Interruption.ts"
import type { Outcome } from "./Outcome.ts"
import type { Run } from "./Run.ts"

/** Those of a run that has come to this; undefined when there are none. */
export const of = (run: Run, exit: Exit.Exit<unknown, unknown>, outcome: Outcome): Effect.Effect<void> | undefined => {
  const { hooks } = run.registered
  if (hooks === undefined || wasStopped(exit)) return undefined
  const state = states[outcome._tag]
  if (state === undefined) return undefined
  const failure = outcome._tag === "Failure" ? outcome : undefined
  const calls = TaskHooks.ended(hooks, {
    request: run,
    parameters: run.parameters,
    exit,
    state,
    exception: failure?.exception,
    traceback: failure?.traceback
  })
  // What they need is in the context of the run.
  return calls === undefined ? undefined : Effect.provideContext(calls, run.context)
}

/** Of those that hooks are told of. */
const states: { readonly [Tag in Outcome["_tag"]]?: TaskHooks.Ended["state"] } = {
  Success: "SUCCESS",
  Failure: "FAILURE",
  Retry: "RETRY"
}

/** The worker has ended it: only of its soft limit a task is told. */
const wasStopped = (exit: Exit.Exit<unknown, unknown>): boolean => {
  if (Exit.isSuccess(exit) || !Cause.hasInterruptsOnly(exit.cause)) return false
  const why = Interruption.fromCause(exit.cause)
  return why !== undefined && why._tag !== "SoftLimit"
}
