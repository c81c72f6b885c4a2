/**
 * What every store of schedules must do. An implementation runs it in a line:
 *
 * ```ts
 * ScheduleStoreConformance.suite("MemoryStore", () => MemoryStore.make)
 * ```
 *
 * @since 0.1.0
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import type { BeatError } from "../BeatError.ts"
import type { Change, ScheduleStore } from "../ScheduleStore.ts"

type Store = ScheduleStore["Service"]

const entry = { task: "proj.add", schedule: 30, args: [1, "ä", null], kwargs: { deep: { x: [1.5] } } }

/** `open` opens an empty store each time it is called; the effect that it gives opens the same one again. */
export const suite = <R = never>(
  name: string,
  open: () => Effect.Effect<Store, BeatError, R | Scope.Scope>,
  options?: { readonly isLasting?: boolean | undefined }
): void => {
  const test = (says: string, run: (store: Store) => Effect.Effect<unknown, BeatError, R | Scope.Scope>) =>
    it.live(says, () =>
      // The suite's user provides what opening needs.
      Effect.scoped(Effect.flatMap(open(), run)) as Effect.Effect<unknown, BeatError>)

  describe(`${name} is a store of schedules`, () => {
    test("is empty at first", (store) =>
      Effect.gen(function*() {
        const { changes, progress } = yield* store.read
        assert.deepStrictEqual([changes.size, progress.size], [0, 0])
      }))

    test("keeps how far entries have come, and lets none go back", (store) =>
      Effect.gen(function*() {
        yield* store.advance([["a", { last: 1000, count: 1 }], ["b", { last: 5, count: 0 }]])
        yield* store.advance([["a", { last: 2000, count: 2 }]])
        yield* store.advance([["a", { last: 1500, count: 9 }], ["b", { last: 1_795_000_000_123, count: 7 }]])
        yield* store.advance([])
        const { progress } = yield* store.read
        assert.deepStrictEqual(Array.from(progress).sort(), [
          ["a", { last: 2000, count: 2 }],
          ["b", { last: 1_795_000_000_123, count: 7 }]
        ])
        yield* store.forget(["a", "never there"])
        assert.deepStrictEqual(Array.from((yield* store.read).progress.keys()), ["b"])
      }))

    test("keeps what is said of entries, with the names and values that it was given", (store) =>
      Effect.gen(function*() {
        const odd = "ein 'Name' mit \"Zeichen\"\n% 日本"
        yield* store.change(odd, () => ({ entry, enabled: false }))
        yield* store.change("gone", () => ({ enabled: true }))
        yield* store.change("gone", () => undefined)
        yield* store.change(odd, (change) => ({ ...change, run: "now" }))
        const { changes } = yield* store.read
        assert.deepStrictEqual(Array.from(changes), [[odd, { entry, enabled: false, run: "now" }]])
      }))

    test("loses no change of those that are made at once", (store) =>
      Effect.gen(function*() {
        const add = (change: Change | undefined): Change => ({ run: `${change?.run ?? ""}x` })
        yield* Effect.all(Array.from({ length: 20 }, () => store.change("a", add)), { concurrency: "unbounded" })
        assert.strictEqual((yield* store.read).changes.get("a")?.run, "x".repeat(20))
      }))

    test("tells of a change within a second, and of progress not at all", (store) =>
      Effect.gen(function*() {
        const { revision } = yield* store.read
        const waiting = yield* Effect.forkChild(store.changed(revision), { startImmediately: true })
        yield* store.advance([["a", { last: 1, count: 1 }]])
        assert.strictEqual((yield* store.read).revision, revision)
        assert.isUndefined(waiting.pollUnsafe())
        yield* store.change("a", () => ({ enabled: false }))
        yield* Effect.timeout(Fiber.join(waiting), "1 second").pipe(Effect.orDie)
        assert.notStrictEqual((yield* store.read).revision, revision)
        yield* store.changed(revision)
      }))

    if (options?.isLasting !== false) {
      it.live("keeps all of it until it is opened again", () => {
        const same = open()
        const change: Change = { entry, enabled: true }
        return Effect.gen(function*() {
          yield* Effect.scoped(
            Effect.flatMap(same, (store) =>
              Effect.andThen(
                store.advance([["a", { last: 7, count: 3 }]]),
                store.change("b", () => change)
              ))
          )
          const { changes, progress } = yield* Effect.scoped(Effect.flatMap(same, (store) => store.read))
          assert.deepStrictEqual(Array.from(progress), [["a", { last: 7, count: 3 }]])
          assert.deepStrictEqual(Array.from(changes), [["b", change]])
        }) as Effect.Effect<void, BeatError> // the suite's user provides what opening needs
      })
    }
  })
}
