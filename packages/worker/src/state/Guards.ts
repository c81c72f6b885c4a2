/**
 * What Node ends a process for, and what is no reason to end a worker: a
 * promise that is rejected while nobody listens, since a handler started
 * something and forgot it; a reader of the output that went away (`| head`, a
 * log collector); and that there is neither socket nor timer, as with a broker
 * in memory. One message could end every worker that it is delivered to.
 *
 * A stray promise is logged, and the worker goes on. So it does without a
 * reader: nobody could be told.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** Stands guard until the scope closes. Several may: each stray is told of once. */
export const stand: Effect.Effect<void, never, Scope.Scope> = Effect.gen(function*() {
  const run = Effect.runForkWith(yield* Effect.context<never>())
  const onStray = (reason: unknown, promise: Promise<unknown>) => {
    if (told.has(promise)) return
    told.add(promise)
    run(Effect.logError("A promise was rejected, and nobody handles it: await it, or catch it.", Cause.die(reason)))
  }
  yield* Effect.acquireRelease(
    Effect.sync(() => {
      for (const stream of [process.stdout, process.stderr]) ignoreErrors(stream)
      process.on("unhandledRejection", onStray)
      return setInterval(() => {}, 2_147_483_647)
    }),
    (alive) =>
      Effect.sync(() => {
        clearInterval(alive)
        process.off("unhandledRejection", onStray)
      })
  )
})

/** Of all who stand guard in this process. */
const told = new WeakSet<Promise<unknown>>()

/** For good: what is written last fails when nobody stands guard any more. */
const ignoreErrors = (stream: NodeJS.WriteStream): void => {
  if (!stream.listeners("error").includes(ignore)) stream.on("error", ignore)
}

const ignore = (): void => {}
