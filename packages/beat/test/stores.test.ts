import { StateStoreError } from "@celeriac/worker/state/StateStore"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"
import * as FileStore from "../src/stores/FileStore.ts"
import * as MemoryStore from "../src/stores/MemoryStore.ts"
import * as ScheduleStoreConformance from "../src/testing/ScheduleStoreConformance.ts"

const folder = mkdtempSync(join(tmpdir(), "beat-stores-"))
let files = 0
const newFile = () => join(folder, `schedule-${++files}`)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

ScheduleStoreConformance.suite("MemoryStore", () => MemoryStore.make, { isLasting: false })
ScheduleStoreConformance.suite("FileStore", () => FileStore.make(newFile()))

describe("FileStore", () => {
  it.live("is of one process at a time", () =>
    Effect.gen(function*() {
      const file = newFile()
      yield* FileStore.make(file)
      const error = yield* Effect.flip(FileStore.make(file))
      assert.strictEqual(
        error.message,
        `the schedule in the file ${file}: another process uses it: give each scheduler its own, or keep schedules where several may (SQL, Redis)`
      )
    }).pipe(Effect.scoped))

  it.live("goes on with another file when what was there is no store, and keeps that beside it", () =>
    Effect.gen(function*() {
      const file = newFile()
      writeFileSync(file, "a shelve of Python's, or what was left of it")
      const store = yield* FileStore.make(file)
      assert.strictEqual((yield* store.read).progress.size, 0)
      yield* store.advance([["a", { last: 1, count: 1 }]])
      assert.match(readFileSync(`${file}.damaged`, "utf8"), /^a shelve/)
    }).pipe(Effect.scoped))

  it.live("that was cut short anywhere opens again, or says why not", () =>
    Effect.gen(function*() {
      const file = newFile()
      const many = Array.from({ length: 200 }, (_, n) => [`entry ${n}`, { last: n + 1, count: n }] as const)
      yield* Effect.scoped(Effect.flatMap(FileStore.make(file), (store) => store.advance(many)))
      const whole = readFileSync(file)
      for (let cut = 0; cut < whole.length; cut += Math.ceil(whole.length / 16)) {
        const copy = newFile()
        writeFileSync(copy, whole)
        truncateSync(copy, cut)
        const { progress } = yield* Effect.scoped(Effect.flatMap(FileStore.make(copy), (store) => store.read))
        for (const [name, { count, last }] of progress) {
          assert.deepStrictEqual([name, last], [`entry ${count}`, count + 1])
        }
      }
    }))

  it.live("refuses what a newer version has written", () =>
    Effect.gen(function*() {
      const file = newFile()
      const { open } = yield* Effect.promise(() => import("@celeriac/worker/state/stores/StateFile"))
      const { store } = open(file)
      store.put("beat", "version", 2)
      store.close()
      const error = yield* Effect.flip(Effect.scoped(FileStore.make(file)))
      assert.include(error.message, "it was written by a newer version (its format is 2, known is 1): upgrade")
      assert.notInstanceOf(error, StateStoreError)
    }))

  it.live("has after kill -9 what it had said that it keeps", () =>
    Effect.gen(function*() {
      const file = newFile()
      const program = `
        import * as Effect from "effect/Effect"
        import * as FileStore from ${JSON.stringify(join(import.meta.dirname, "../src/stores/FileStore.ts"))}
        Effect.runPromise(Effect.scoped(Effect.gen(function*() {
          const store = yield* FileStore.make(${JSON.stringify(file)})
          const before = (yield* store.read).progress.get("a")?.last ?? 0
          for (let n = before + 1; ; n++) {
            yield* store.advance([["a", { last: n, count: n }], ["b", { last: n, count: n }]])
            process.stdout.write(n + "\\n")
            if (n % 50 === 0) yield* Effect.sleep(0)
          }
        })))`
      for (let round = 0; round < 5; round++) {
        const said = yield* Effect.promise(() =>
          new Promise<number>((resolve) => {
            const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", program], {
              cwd: import.meta.dirname,
              stdio: ["ignore", "pipe", "inherit"]
            })
            let text = ""
            child.stdout.on("data", (data: Buffer) => {
              text += data.toString()
              if (text.split("\n").length > 100 + 37 * round) child.kill("SIGKILL")
            })
            child.on("close", () => resolve(Number(text.split("\n").at(-2))))
          })
        )
        const { progress } = yield* Effect.scoped(Effect.flatMap(FileStore.make(file), (store) => store.read))
        assert.isAtLeast(progress.get("a")!.last, said)
        assert.deepStrictEqual(progress.get("a"), progress.get("b"))
      }
    }))
})
