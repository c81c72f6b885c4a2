/**
 * Promises that are rejected while nobody listens: a handler started something
 * and forgot it. Node ends the process for it, and so one message could end
 * every worker that it is delivered to. Here it is logged, and the worker goes
 * on.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** Listens until the scope closes. */
export const listen: Effect.Effect<void, never, Scope.Scope> = Effect.gen(function*() {
  const run = Effect.runForkWith(yield* Effect.context<never>())
  const onStray = (reason: unknown) =>
    void run(
      Effect.logError("A promise was rejected, and nobody handles it: await it, or catch it.", Cause.die(reason))
    )
  yield* Effect.acquireRelease(
    Effect.sync(() => process.on("unhandledRejection", onStray)),
    () => Effect.sync(() => process.off("unhandledRejection", onStray))
  )
})
