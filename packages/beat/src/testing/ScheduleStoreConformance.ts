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
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import type * as Scope from "effect/Scope"
import type { BeatError } from "../BeatError.ts"
import type { Change, ScheduleStore } from "../ScheduleStore.ts"

type Store = ScheduleStore["Service"]

/** As settings write it. */
export const entry = { task: "proj.add", schedule: 30, args: [1, "ä", null], kwargs: { deep: { x: [1.5] } } }

/** A store whose rows somebody spoils. */
export interface Damage<R> {
  /** Opens it, the same each time. */
  readonly open: Effect.Effect<Store, BeatError, R | Scope.Scope>
  /** Puts what is no JSON, or no number, in the place of what is said of `said`, and of how far `come` has come. */
  readonly spoil: Effect.Effect<void, unknown, R | Scope.Scope>
  /** What was set aside, as one text each. */
  readonly aside: Effect.Effect<ReadonlyArray<string>, unknown, R | Scope.Scope>
  /** Says that a newer version has written it. */
  readonly renew: Effect.Effect<void, unknown, R | Scope.Scope>
}

/** `open` opens an empty store each time it is called; the effect that it gives opens the same one again. */
export const suite = <R = never>(
  name: string,
  open: () => Effect.Effect<Store, BeatError, R | Scope.Scope>,
  options?: { readonly isLasting?: boolean | undefined; readonly damage?: (() => Damage<R>) | undefined }
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
        const began = yield* Clock.currentTimeMillis
        yield* Fiber.join(waiting)
        // By the clock, so on a machine that does nothing else.
        if (process.env["CELERIAC_QUIET"] === "1") assert.isBelow((yield* Clock.currentTimeMillis) - began, 1_000)
        assert.notStrictEqual((yield* store.read).revision, revision)
        yield* store.changed(revision)
      }))

    const damage = options?.damage
    if (damage !== undefined) {
      const spoilt = (says: string, run: (damage: Damage<R>) => Effect.Effect<unknown, unknown, R | Scope.Scope>) =>
        // The suite's user provides what opening needs.
        it.live(says, () => Effect.scoped(run(damage())) as Effect.Effect<unknown, unknown>)

      spoilt(
        "sets aside what of it cannot be read, says so once, and goes on with the rest",
        ({ aside, open, spoil }) =>
          Effect.gen(function*() {
            const lines: Array<string> = []
            const logger = Logger.layer([Logger.make(({ message }) => void lines.push(String(message)))])
            const reading = Effect.scoped(Effect.flatMap(open, ({ read }) => read)).pipe(Effect.provide(logger))
            yield* Effect.scoped(Effect.flatMap(open, (store) =>
              Effect.all([
                store.change("said", () => ({ enabled: false })),
                store.change("kept", () => ({ entry, enabled: false })),
                store.advance([["come", { last: 1000, count: 3 }], ["said", { last: 2000, count: 4 }]])
              ])))
            yield* Effect.scoped(spoil)
            const { changes, progress } = yield* reading
            assert.deepStrictEqual(Array.from(changes), [["kept", { entry, enabled: false }]])
            assert.deepStrictEqual(Array.from(progress), [["said", { last: 2000, count: 4 }]])
            assert.lengthOf(lines, 2)
            for (const [name, what] of [["said", "what was said of it"], ["come", "how far it has come"]] as const) {
              const line = lines.find((line) => line.includes(`'${name}'`))
              assert.match(
                line ?? "",
                new RegExp(`the schedule in .*: entry '${name}': ${what} cannot be read, and was set aside in `)
              )
            }
            assert.lengthOf(yield* Effect.scoped(aside), 2)
            yield* reading
            assert.lengthOf(lines, 2)
            yield* Effect.scoped(Effect.flatMap(open, (store) =>
              Effect.andThen(
                store.advance([["come", { last: 3000, count: 1 }]]),
                store.change("said", () => ({ enabled: true }))
              )))
            const after = yield* reading
            assert.deepStrictEqual(after.progress.get("come"), { last: 3000, count: 1 })
            assert.deepStrictEqual(after.changes.get("said"), { enabled: true })
            assert.lengthOf(yield* Effect.scoped(aside), 2)
          })
      )

      spoilt("leaves alone what a newer version has written, and says so", ({ open, renew }) =>
        Effect.gen(function*() {
          yield* Effect.scoped(
            Effect.flatMap(open, (store) => Effect.andThen(store.advance([["a", { last: 1, count: 1 }]]), store.read))
          )
          yield* Effect.scoped(renew)
          const error = yield* Effect.flip(Effect.scoped(Effect.flatMap(open, ({ read }) => read)))
          assert.match(
            String(error),
            /the schedule in .*: it was written by a newer version \(its format is 2, known is 1\): upgrade/
          )
        }))
    }

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
