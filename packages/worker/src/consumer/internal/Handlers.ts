/**
 * What users' steps want to be told of: effects that are registered, and run for
 * each thing that happens, until the scope of the registration closes.
 *
 * Each handler is run for one thing after the other, in the order in which they
 * happened, beside everything else. What it fails with is logged and harmless;
 * with `WorkerShutdown` or `WorkerTerminate` it stops the worker. One that is slow
 * misses what happened longest ago.
 *
 * @since 0.1.0
 */
import { describe } from "@celeriac/bootsteps/BootstepError"
import { Control } from "@celeriac/bootsteps/Control"
import * as StopReason from "@celeriac/bootsteps/StopReason"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as WorkerExit from "../../state/WorkerExit.ts"

/** What one handler has still to be told of, at most. */
const backlog = 1_000

export class Handlers<A> {
  private readonly waiting = new Set<Queue.Queue<A>>()
  private readonly control: Control["Service"]

  constructor(control: Control["Service"]) {
    this.control = control
  }

  get size(): number {
    return this.waiting.size
  }

  /** A function, for whoever hears of it outside of effects. */
  readonly tell = (value: A): void => {
    for (const queue of this.waiting) Queue.offerUnsafe(queue, value)
  }

  readonly add = <E, R>(
    handler: (value: A) => Effect.Effect<unknown, E, R>
  ): Effect.Effect<void, never, R | Scope.Scope> =>
    Effect.gen({ self: this }, function*() {
      const queue = yield* Effect.acquireRelease(Queue.sliding<A>(backlog), (queue) =>
        Effect.andThen(Effect.sync(() => this.waiting.delete(queue)), Queue.shutdown(queue)))
      this.waiting.add(queue)
      const one = Effect.flatMap(Queue.take(queue), (value) =>
        Effect.catchCause(
          Effect.suspend(() =>
            handler(value)
          ),
          (cause) => this.failed(handler.name, cause)
        ))
      yield* Effect.forkScoped(Effect.forever(one))
    })

  private failed(name: string, cause: Cause.Cause<unknown>): Effect.Effect<void> {
    const wish = WorkerExit.fromCause(cause)
    if (wish !== undefined) {
      const reason = wish._tag === "WorkerTerminate" ? StopReason.terminate : StopReason.shutdown
      return this.control.request(reason({ cause }))
    }
    if (Cause.hasInterruptsOnly(cause)) return Effect.void
    const error = Cause.squash(cause)
    return Effect.logError(`Ignored error from handler ${name || "(anonymous)"}: ${describe(error)}`, cause)
  }
}
