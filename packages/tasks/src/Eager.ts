/**
 * Runs tasks where they are called, at once, in this process: Celery's
 * `task.apply()`.
 *
 * ```ts
 * const sum = yield* Eager.apply(add, { x: 2, y: 3 })
 * yield* sum.get()
 * ```
 *
 * The arguments and the result are bytes on the way, as they would be between
 * two processes. A retry runs at once, whatever its countdown; what is linked
 * runs after it. The task's own middleware is around it; what belongs to a
 * worker (its middleware, limits, events) is not. The tasks are those of the
 * `TaskRegistry` at hand, which layers of `task.toLayer` fill.
 *
 * With the setting `alwaysEager` a client does the same for every task it
 * would send, but for those that are sent by name or were prepared.
 *
 * @since 0.1.0
 */
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as AsyncResult from "./AsyncResult.ts"
import type * as Callable from "./Callable.ts"
import * as CallOptions from "./CallOptions.ts"
import * as Calling from "./internal/Calling.ts"
import * as EagerSending from "./internal/EagerSending.ts"
import * as Preparing from "./internal/Preparing.ts"
import type { ResultError } from "./result/ResultError.ts"
import type { TaskError } from "./TaskError.ts"
import type { TaskRegistry } from "./TaskRegistry.ts"

/**
 * Runs a task, or what a signature lacks with its task, and gives hold of its
 * result, which is there. Fails for a call that makes no sense; the failure of
 * the task is in its result.
 */
export const apply = <T extends Callable.Any>(
  task: T,
  ...call: Callable.Call<T, CallOptions.CallOptions<Callable.Result<T>>>
): Effect.Effect<
  AsyncResult.AsyncResult<Callable.Success<T>, Callable.Failure<T>>,
  TaskError | MessagingError | ResultError,
  TaskRegistry
> =>
  Effect.gen(function*() {
    const options = call[1] as CallOptions.CallOptions | undefined // so says its type
    const called = yield* Effect.fromResult(Calling.of(task, call[0], options))
    const preparing = yield* Preparing.make
    const send = yield* EagerSending.make(preparing)
    const now = yield* Clock.currentTimeMillis
    const times = yield* Effect.fromResult(
      CallOptions.isTimed(called.call) ? CallOptions.times(called.call, now) : Result.succeed(CallOptions.untimed)
    )
    return yield* send(yield* Effect.fromResult(preparing.prepare(called, times, now, undefined)))
  })
