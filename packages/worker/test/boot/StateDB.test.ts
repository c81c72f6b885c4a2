import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import { LogicalClock } from "@celeriac/messaging/LogicalClock"
import { StateDB } from "@celeriac/worker/boot/StateDB"
import * as SqliteStore from "@celeriac/worker/state/stores/SqliteStore"
import { WorkerState } from "@celeriac/worker/state/WorkerState"
import * as TestWorker from "@celeriac/worker/testing/TestWorker"
import * as Worker from "@celeriac/worker/Worker"
import { afterAll, assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Lines } from "../support.ts"

const folder = mkdtempSync(join(tmpdir(), "celeriac-statedb-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let files = 0
const newFile = () => join(folder, `${++files}.db`)

/** Boots a worker with this file and does something inside of it: as a step that requires the StateDB. */
const withFile = <A>(
  stateDb: string | undefined,
  use: Effect.Effect<A, unknown, StateDB | WorkerState | LogicalClock>
): Effect.Effect<A, unknown> =>
  Effect.gen(function*() {
    let result: A | undefined
    const Own = Bootstep.make("Own", {
      requires: [StateDB, WorkerState, LogicalClock],
      start: Effect.map(use, (got) => {
        result = got
      })
    })
    const worker = Worker.make({ nodename: "celery@test", tasks: [], steps: { worker: [Own] }, settings: { stateDb } })
    yield* Effect.provide(Effect.void, TestWorker.of(worker))
    return result as A // it has booted
  })

const revoke = (...ids: ReadonlyArray<string>) =>
  Effect.map(WorkerState, ({ revoked }) => {
    for (const id of ids) revoked.revoke(id)
  })

const ids = Effect.map(WorkerState, ({ revoked }) => revoked.ids())

describe("the state of a worker", () => {
  it.effect("is there after a restart: what is revoked, in its order, and the clock", () =>
    Effect.gen(function*() {
      const file = newFile()
      yield* withFile(file, Effect.andThen(revoke("a", "b"), Effect.map(LogicalClock, (clock) => clock.adjust(41))))
      yield* withFile(file, revoke("c", "a"))
      const [revoked, clock] = yield* withFile(
        file,
        Effect.zip(ids, Effect.map(LogicalClock, (clock) => clock.value()))
      )
      assert.deepStrictEqual(revoked, ["b", "c", "a"])
      assert.isAtLeast(clock, 42)
    }))

  it.effect("is written at once when something is revoked, and every few seconds when the clock has moved", () =>
    Effect.gen(function*() {
      const file = newFile()
      const copy = Effect.sync(() => {
        // What a process that is killed here would leave.
        const store = SqliteStore.open(file)
        try {
          return [store.entries("revoked").map(([id]) => id), store.entries("clock").map(([, value]) => value)]
        } finally {
          store.close()
        }
      })
      let revokeLater = (_: string): void => {}
      let tick = (): number => 0
      const Own = Bootstep.make("Own", {
        requires: [WorkerState, LogicalClock],
        start: Effect.gen(function*() {
          const { revoked } = yield* WorkerState
          revokeLater = (id) => revoked.revoke(id)
          tick = (yield* LogicalClock).forward
        })
      })
      const puts: Array<string> = []
      yield* Effect.gen(function*() {
        revokeLater("a")
        assert.throws(() => SqliteStore.open(file), "is used by another worker")
        for (let n = 0; n < 100; n++) tick()
        yield* TestClock.adjust("6 seconds")
        puts.push("done")
      }).pipe(Effect.provide(TestWorker.layer({ tasks: [], steps: { worker: [Own] }, settings: { stateDb: file } })))
      const [revoked, clock] = yield* copy
      assert.deepStrictEqual([revoked, puts], [["a"], ["done"]])
      assert.isAtLeast(Number(clock?.[0]), 100)
    }))

  it.effect("is written however much is revoked at once, and still so later on", () =>
    Effect.gen(function*() {
      const file = newFile()
      const many = Array.from({ length: 3_000 }, (_, n) => `many${n}`)
      yield* withFile(file, Effect.andThen(revoke(...many), revoke("one more")))
      assert.deepStrictEqual(yield* withFile(file, ids), [...many, "one more"])
    }))

  it.effect("forgets what has expired", () =>
    Effect.gen(function*() {
      const file = newFile()
      yield* withFile(file, revoke("old"))
      yield* TestClock.adjust("4 hours")
      yield* withFile(file, revoke("new"))
      assert.deepStrictEqual(yield* withFile(file, ids), ["new"])
    }))

  it.effect("has a file for each node: %n", () =>
    Effect.gen(function*() {
      const file = yield* withFile(join(folder, "%n@%h.db"), Effect.map(StateDB, ({ file }) => file))
      assert.strictEqual(file, join(folder, "celery@test.db"))
    }))

  it.effect("that is damaged is told of and set aside, and the worker starts", () => {
    const lines = new Lines()
    return Effect.gen(function*() {
      const file = newFile()
      writeFileSync(file, "nobody's file")
      yield* withFile(file, revoke("a"))
      assert.deepStrictEqual(yield* withFile(file, ids), ["a"])
      assert.isTrue(
        lines.has(
          `statedb: the state file ${file} is damaged (file is not a database). It was set aside as ${file}.damaged.`
        )
      )
    }).pipe(Effect.provide(lines.layer))
  })

  it.effect("that cannot be written keeps the worker from starting, and says why", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(withFile(join(folder, "no", "such", "folder.db"), Effect.void))
      assert.match(String(error), /the state file .*folder\.db cannot be used: .*Name one in a folder that exists/)
    }))

  it.effect("lasts as long as the worker without a file, and whoever requires it finds a stand-in", () =>
    Effect.gen(function*() {
      const kept = Effect.gen(function*() {
        const { file, keep } = yield* StateDB
        const own = keep("own")
        yield* own.put("a", 1)
        yield* own.put("b", "two")
        yield* own.put("a", 3)
        const entries = yield* own.entries
        yield* own.delete("a")
        return [file, entries, yield* keep("own").entries]
      })
      const expected = [[["b", "two"], ["a", 3]], [["b", "two"]]]
      assert.deepStrictEqual<unknown>(yield* withFile(undefined, kept), [undefined, ...expected])
      assert.deepStrictEqual<unknown>(
        yield* withFile(undefined, Effect.flatMap(StateDB, (db) => db.keep("own").entries)),
        []
      )
      const file = newFile()
      assert.deepStrictEqual<unknown>(yield* withFile(file, kept), [file, ...expected])
      assert.deepStrictEqual<unknown>(yield* withFile(file, Effect.flatMap(StateDB, (db) => db.keep("own").entries)), [[
        "b",
        "two"
      ]])
    }))
})
