import { Watched } from "@celeriac/worker/state/Watched"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"

const following = (watched: Watched<number>, wait: Effect.Effect<unknown> = Effect.void) =>
  Effect.gen(function*() {
    const seen: Array<number> = []
    const fiber = yield* Effect.forkChild(
      watched.follow((value) => Effect.andThen(Effect.sync(() => void seen.push(value)), Effect.asVoid(wait))),
      { startImmediately: true }
    )
    return { fiber, seen }
  })

describe("Watched", () => {
  it.effect("tells followers the value as it is, and as it becomes", () =>
    Effect.gen(function*() {
      const watched = new Watched(1)
      const one = yield* following(watched)
      const other = yield* following(watched)
      watched.set(2)
      yield* Effect.yieldNow
      assert.deepStrictEqual([one.seen, other.seen], [[1, 2], [1, 2]])
      yield* Fiber.interrupt(one.fiber)
      watched.set(3)
      yield* Effect.yieldNow
      assert.deepStrictEqual([one.seen, other.seen], [[1, 2], [1, 2, 3]])
    }))

  it.effect("tells nobody when nothing changed", () =>
    Effect.gen(function*() {
      const watched = new Watched(1)
      const { seen } = yield* following(watched)
      watched.set(1)
      yield* Effect.yieldNow
      assert.deepStrictEqual(seen, [1])
    }))

  it.effect("shows a busy follower where things stand, and never the past", () =>
    Effect.gen(function*() {
      const watched = new Watched(1)
      const gate = yield* Deferred.make<void>()
      const { seen } = yield* following(watched, Deferred.await(gate))
      watched.set(2)
      watched.set(3)
      yield* Deferred.succeed(gate, undefined)
      yield* Effect.yieldNow
      assert.deepStrictEqual(seen, [1, 3])
    }))
})
