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
import * as Latch from "effect/Latch"
import type * as Scope from "effect/Scope"
import * as WorkerExit from "../../state/WorkerExit.ts"

/** What one handler has still to be told of, at most. */
const backlog = 1_000

/** Of one handler. */
interface Line<A> {
  readonly waiting: Array<A>
  readonly isAnyThere: Latch.Latch
}

export class Handlers<A> {
  private readonly lines = new Set<Line<A>>()
  private readonly control: Control["Service"]

  constructor(control: Control["Service"]) {
    this.control = control
  }

  get size(): number {
    return this.lines.size
  }

  /** A function, for whoever hears of it outside of effects. */
  readonly tell = (value: A): void => {
    for (const { isAnyThere, waiting } of this.lines) {
      if (waiting.push(value) > backlog) waiting.shift()
      isAnyThere.openUnsafe()
    }
  }

  readonly add = <E, R>(
    handler: (value: A) => Effect.Effect<unknown, E, R>
  ): Effect.Effect<void, never, R | Scope.Scope> =>
    Effect.gen({ self: this }, function*() {
      const line: Line<A> = { waiting: [], isAnyThere: Latch.makeUnsafe() }
      const { isAnyThere, waiting } = line
      yield* Effect.acquireRelease(
        Effect.sync(() => this.lines.add(line)),
        () => Effect.sync(() => this.lines.delete(line))
      )
      const next = Effect.suspend((): Effect.Effect<unknown, E, R> => {
        if (waiting.length > 0) return handler(waiting.shift()!)
        isAnyThere.closeUnsafe()
        return Effect.void
      })
      const one = Effect.andThen(
        isAnyThere.await,
        Effect.catchCause(next, (cause) => this.failed(handler.name, cause))
      )
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
