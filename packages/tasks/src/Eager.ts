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
 * runs after it, and of a canvas one task after the other, as they would follow
 * each other between workers. The task's own middleware is around it; what belongs
 * to a worker (its middleware, limits, events) is not. The tasks are those of the
 * `TaskRegistry` at hand, which layers of `task.toLayer` fill.
 *
 * With the setting `alwaysEager` a client does the same for every task it
 * would send, but for those that are sent by name or were prepared.
 *
 * @since 0.1.0
 */
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import * as Effect from "effect/Effect"
import type * as Callable from "./Callable.ts"
import type * as CallOptions from "./CallOptions.ts"
import * as Calling from "./internal/Calling.ts"
import * as Composed from "./internal/Composed.ts"
import * as EagerSending from "./internal/EagerSending.ts"
import * as Misuse from "./internal/Misuse.ts"
import * as Preparing from "./internal/Preparing.ts"
import type { ResultError } from "./result/ResultError.ts"
import type { TaskError } from "./TaskError.ts"
import type { TaskRegistry } from "./TaskRegistry.ts"

/**
 * Runs a task, or a signature with what it lacks, and gives hold of its result,
 * which is there; of a canvas, of the results of all of its tasks, in its shape.
 * Fails for a call that makes no sense; what a task failed with is in its result.
 */
export const apply = <T extends Callable.Any>(
  task: T,
  ...call: Callable.Call<T, CallOptions.CallOptions<Callable.Result<T>>>
): Effect.Effect<Callable.Sent<T>, TaskError | MessagingError | ResultError, TaskRegistry> =>
  Effect.gen(function*() {
    const args: unknown = call[0]
    const options = call[1] as CallOptions.CallOptions | undefined // so says its type
    const preparing = yield* Preparing.make
    const eagerly = yield* EagerSending.make(preparing)
    if (Composed.isComposed(task)) {
      const refused = Misuse.ofCall(task, args)
      if (refused !== undefined) return yield* Effect.fail(refused)
      return (yield* eagerly.canvas(task, args as Misuse.Given, options ?? {})) as Callable.Sent<T> // it has its shape
    }
    const called = yield* Effect.fromResult(Calling.of(task, args, options))
    const { ready } = yield* Effect.fromResult(preparing.ready(called, undefined))
    return (yield* eagerly.task(ready)) as Callable.Sent<T> // one task comes to one result
  })
