/**
 * What a task that a handler sends takes from the one that is being run, and
 * what that one keeps of it. Celery's `send_task` inside of a task.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { CallOptions } from "../CallOptions.ts"
import { because, type ResultError, WouldBlock } from "../result/ResultError.ts"
import * as ResultTuple from "../result/ResultTuple.ts"
import * as TaskContext from "../TaskContext.ts"
import type { TaskError } from "../TaskError.ts"
import type { TaskRequest } from "../TaskRequest.ts"
import type { Called } from "./Preparing.ts"

/** Goes on with what is called, for the task that is being run, if one is. */
export const within = <A, E, B, F>(
  called: Result.Result<Called<A, E>, TaskError>,
  use: (called: Called<A, E>, parent: TaskRequest | undefined) => Effect.Effect<B, F>
): Effect.Effect<B, F | TaskError> =>
  Effect.withFiber((fiber): Effect.Effect<B, F | TaskError> => {
    if (Result.isFailure(called)) return Effect.fail(called.failure)
    const parent = TaskContext.ofFiber(fiber)
    if (parent === undefined) return use(called.success, undefined)
    const { call } = called.success
    return use(call.parent === undefined ? { ...called.success, call: { ...call, parent } } : called.success, parent)
  })

/** Sends a task that is a child of the one that is being run, if one is. */
export const trail = <A extends { readonly id: string }, E>(
  parent: TaskRequest | undefined,
  { addToParent = true }: Pick<CallOptions, "addToParent">,
  sending: Effect.Effect<A, E>
): Effect.Effect<A, E> =>
  parent === undefined || !addToParent
    ? sending
    : Effect.tap(sending, ({ id }) => Effect.sync(() => parent.addTrail(ResultTuple.task(id))))

/** Whether to wait for other tasks inside of one. */
export interface SyncOptions {
  /**
   * False lets a task wait for the result of another one, which takes a slot
   * meanwhile: when all slots wait so, nothing runs any more. Default true:
   * inside of a task it fails with `WouldBlock`.
   */
  readonly disableSyncSubtasks?: boolean | undefined
}

/** The same for all that waits in an effect, or in a stream: where nothing is said otherwise. */
export const DisableSyncSubtasks = Context.Reference<boolean>("@celeriac/tasks/AsyncResult/DisableSyncSubtasks", {
  defaultValue: () => true
})

/** Waits, where that is not refused. */
export const waiting = <A, E>(
  operation: string,
  { disableSyncSubtasks }: SyncOptions,
  wait: () => Effect.Effect<A, E>
): Effect.Effect<A, E | ResultError> =>
  Effect.withFiber((fiber): Effect.Effect<A, E | ResultError> => {
    const parent = TaskContext.ofFiber(fiber)
    if (parent === undefined) return wait()
    const isDisabled = disableSyncSubtasks ?? Context.get(fiber.context, DisableSyncSubtasks)
    const refused = refusal(operation, parent, { disableSyncSubtasks: isDisabled })
    return refused === undefined ? wait() : Effect.fail(refused)
  })

/** Why a result is not to be waited for inside of this task, if it is not. */
const refusal = (
  operation: string,
  parent: TaskRequest | undefined,
  { disableSyncSubtasks = true }: SyncOptions
): ResultError | undefined =>
  parent === undefined || !disableSyncSubtasks ? undefined : because(operation, new WouldBlock())
