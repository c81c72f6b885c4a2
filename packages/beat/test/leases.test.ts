import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"
import * as SwapLease from "../src/internal/SwapLease.ts"
import * as SqlLease from "../src/leases/SqlLease.ts"
import { handsOver } from "./fixtures/handingOver.ts"
import * as sqlite from "./fixtures/sqlite.ts"

const folder = mkdtempSync(join(tmpdir(), "beat-leases-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A word, and schedulers of which each has a way of its own to it. */
const world = () => {
  let word = ""
  const scheduler = () => {
    const way = { isOpen: true }
    const go = <A>(run: () => A): Effect.Effect<A> => Effect.suspend(() => way.isOpen ? Effect.sync(run) : Effect.never)
    const lease = SwapLease.make({
      describe: "the word",
      read: go(() => word),
      swap: (known, next) =>
        go(() => {
          if (word !== known) return false
          word = next
          return true
        })
    }, 3000)
    return { way, acquire: Effect.flatMap(lease, ({ acquire }) => acquire) }
  }
  return { scheduler, put: (next: string) => word = next }
}

describe("a lease by a word", () => {
  it.effect("is one scheduler's for as long as that renews it, and the next one's when that stops", () =>
    Effect.gen(function*() {
      const { scheduler } = world()
      const scope = yield* Scope.make()
      const first = yield* Scope.provide(scheduler().acquire, scope)
      const second = yield* Effect.forkChild(scheduler().acquire)
      yield* TestClock.adjust("1 hour")
      assert.isTrue(first.isHeld())
      assert.isUndefined(second.pollUnsafe())
      yield* Scope.close(scope, Exit.void)
      yield* TestClock.adjust("1 second")
      assert.isTrue((yield* Fiber.join(second)).isHeld())
    }).pipe(Effect.scoped))

  it.effect("is given up by who is cut off before another has it", () =>
    Effect.gen(function*() {
      const { scheduler } = world()
      const cutOff = scheduler()
      const first = yield* cutOff.acquire
      const lost = yield* Effect.forkChild(first.lost)
      const second = yield* Effect.forkChild(scheduler().acquire)
      yield* TestClock.adjust("10 seconds")
      cutOff.way.isOpen = false
      for (let n = 0; n < 40; n++) {
        yield* TestClock.adjust("250 millis")
        assert.isFalse(first.isHeld() && second.pollUnsafe() !== undefined)
      }
      assert.strictEqual(yield* Fiber.join(lost), "the word has not answered for 3000 ms")
      assert.isTrue((yield* Fiber.join(second)).isHeld())
      // It comes back, and sees that it is another's.
      cutOff.way.isOpen = true
      yield* TestClock.adjust("1 minute")
      assert.isFalse(first.isHeld())
      assert.isTrue((yield* Fiber.join(second)).isHeld())
    }).pipe(Effect.scoped))

  it.effect("is lost at once to who has put another word there", () =>
    Effect.gen(function*() {
      const { put, scheduler } = world()
      const term = yield* scheduler().acquire
      const lost = yield* Effect.forkChild(term.lost)
      put("another's")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(lost), "the word is another's")
      assert.isFalse(term.isHeld())
    }).pipe(Effect.scoped))

  it.effect("that two want at once is one's", () =>
    Effect.gen(function*() {
      const { scheduler } = world()
      const both = yield* Effect.forEach(
        Array.from({ length: 5 }, () => scheduler()),
        ({ acquire }) => Effect.forkChild(acquire)
      )
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(both.filter((fiber) => fiber.pollUnsafe() !== undefined).length, 1)
    }).pipe(Effect.scoped))
})

describe("SqlLease", () => {
  it.live("is one process's, and the next one's when that stops", () =>
    Effect.gen(function*() {
      const file = join(folder, "lease")
      yield* handsOver(SqlLease.layer({ validity: "6 seconds" }).pipe(Layer.provide(sqlite.layer(file))))
    }).pipe(Effect.scoped, Effect.provide(Logger.layer([]))))
})
