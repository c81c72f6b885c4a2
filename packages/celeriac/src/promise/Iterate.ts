/** A stream as values to be looped over: `for await (const state of result.progress())`. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Read } from "./Run.ts"

/** Begins with the loop, and ends with it. Throws what the stream fails with, and when the application is closed. */
export const iterate = async function*<A, E>(run: Read, stream: Stream.Stream<A, E>): AsyncGenerator<A> {
  const scope = Scope.makeUnsafe()
  try {
    const pull = await run(Effect.provideService(Stream.toPull(stream), Scope.Scope, scope))
    const next = Pull.catchDone(Effect.map(pull, Option.some), () => Effect.succeedNone)
    for (let some = await run(next); Option.isSome(some); some = await run(next)) yield* some.value
  } finally {
    await Effect.runPromise(Scope.close(scope, Exit.void))
  }
}
