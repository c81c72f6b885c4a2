/** What steps of a worker provide to tasks that run in its threads and processes. */
import * as Client from "@celeriac/tasks/Client"
import * as TestWorker from "@celeriac/worker/testing/TestWorker"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import stepped, * as tasks from "../fixtures/stepped.ts"
import { Lines } from "../support.ts"
import { keepCompiled } from "./compiled.ts"

keepCompiled()

describe.each(["threads", "processes"] as const)("a step of a worker whose tasks run in %s", (pool) => {
  it.live("is started in the child too, for its tasks, and stopped with it; what cannot be is said at the start", () =>
    Effect.gen(function*() {
      const folder = mkdtempSync(join(tmpdir(), "celeriac-"))
      yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(folder, { recursive: true })))
      const place = join(folder, "stops")
      const lines = new Lines()
      const worker = stepped.with({ settings: { pool, procAliveTimeout: "100 seconds" }, options: { place } })
      const home = yield* Effect.gen(function*() {
        const client = yield* Client.Client
        const [home = "", cached] = yield* client.execute(tasks.query, {})
        assert.notStrictEqual(home, `${process.pid}/0`)
        assert.strictEqual(cached, `cached ${home}`)
        assert.strictEqual(yield* client.execute(tasks.registered, {}), "by a step")
        assert.strictEqual(yield* client.execute(tasks.turn, {}), 1)
        return home
      }).pipe(Effect.provide(Layer.provideMerge(TestWorker.of(worker), lines.layer)))
      // Both, by the option that was given when the worker was.
      assert.sameMembers(readFileSync(place, "utf8").trim().split("\n"), [home, `${process.pid}/0`])
      const warnings = lines.of("Warn")
      assert.deepStrictEqual(warnings.filter((line) => line.startsWith("pool: ")), [
        `pool: unknown would run in ${pool}, which do not know it: what a step registers is known there when the step ` +
        "says inChildren: true. Or run it on fibers, by the option pool",
        `pool: What the step 'Rota' provides is not there in ${pool}, for it requires 'Timer', which lives with the ` +
        "worker alone. Those of query, registered that use it are for fibers, by the option pool; if none does, " +
        "let the step say inChildren: false"
      ])
    }).pipe(Effect.scoped))
})
