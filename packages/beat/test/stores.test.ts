import type { StateStore } from "@celeriac/worker/state/StateStore"
import * as StateFile from "@celeriac/worker/state/stores/StateFile"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { SqlClient } from "effect/sql/SqlClient"
import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterAll } from "vitest"
import { isQuiet } from "../../../test/peers/Quiet.ts"
import * as FileStore from "../src/stores/FileStore.ts"
import * as MemoryStore from "../src/stores/MemoryStore.ts"
import * as SqlStore from "../src/stores/SqlStore.ts"
import * as ScheduleStoreConformance from "../src/testing/ScheduleStoreConformance.ts"
import * as sqlite from "./fixtures/sqlite.ts"

const folder = mkdtempSync(join(tmpdir(), "beat-stores-"))
let files = 0
const quiet = Logger.layer([])
const newFile = () => join(folder, `schedule-${++files}`)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

ScheduleStoreConformance.suite("MemoryStore", () => MemoryStore.make, { isLasting: false })
ScheduleStoreConformance.suite("FileStore", () => FileStore.make(newFile()), {
  damage: () => {
    const file = newFile()
    const use = <A>(run: (store: StateStore) => A) =>
      Effect.sync(() => {
        const { store } = StateFile.open(file)
        try {
          return run(store)
        } finally {
          store.close()
        }
      })
    return {
      open: FileStore.make(file),
      spoil: use((store) => {
        store.put("changes", "said", "{\"enabled\": fal")
        store.put("progress", "come", "{\"last\": \"soon\"}")
      }),
      aside: use((store) => Array.from(store.entries("damaged"), ([key, text]) => `${key} ${String(text)}`)),
      renew: use((store) => store.put("beat", "version", 2))
    }
  }
})

/** As a process of its own opens it. */
const openSql = (file: string) =>
  Effect.flatMap(Layer.build(sqlite.layer(file)), (context) => Effect.provide(SqlStore.make(), context))

ScheduleStoreConformance.suite("SqlStore", () => openSql(newFile()), {
  damage: () => {
    const file = newFile()
    const query = (statement: string) =>
      Effect.sync(() => {
        const database = new DatabaseSync(file, { timeout: 5000 })
        try {
          return database.prepare(statement).all()
        } finally {
          database.close()
        }
      })
    return {
      open: openSql(file),
      spoil: Effect.andThen(
        query("UPDATE celeriac_beat_changes SET said = '{\"enabled\": fal' WHERE name = 'said'"),
        Effect.asVoid(query("UPDATE celeriac_beat_progress SET last = 'soon' WHERE name = 'come'"))
      ),
      aside: Effect.map(
        query("SELECT kind, name, said FROM celeriac_beat_damaged"),
        (rows) => rows.map((row) => Object.values(row).join(" "))
      ),
      renew: Effect.asVoid(query("UPDATE celeriac_beat_changes SET said = '2' WHERE name = ''"))
    }
  }
})

describe("SqlStore", () => {
  it.live("is shared by many, who hear of each other's changes within a second", () =>
    Effect.gen(function*() {
      const file = newFile()
      const stores = yield* Effect.all(Array.from({ length: 3 }, () => openSql(file)))
      const [leader, operator, other] = stores
      const { revision } = yield* leader!.read
      const waiting = yield* Effect.forkChild(leader!.changed(revision), { startImmediately: true })
      yield* Effect.all(
        stores.flatMap((store) =>
          Array.from({ length: 5 }, () => store.change("a", (change) => ({ run: `${change?.run ?? ""}x` })))
        ),
        { concurrency: "unbounded" }
      )
      const began = yield* Clock.currentTimeMillis
      yield* Fiber.join(waiting)
      if (isQuiet) assert.isBelow((yield* Clock.currentTimeMillis) - began, 1_000)
      assert.strictEqual((yield* operator!.read).changes.get("a")?.run, "x".repeat(15))
      yield* leader!.advance([["a", { last: 9, count: 2 }]])
      yield* other!.advance([["a", { last: 8, count: 1 }]])
      assert.deepStrictEqual((yield* operator!.read).progress.get("a"), { last: 9, count: 2 })
    }).pipe(Effect.scoped))

  it.live("says what is wrong with its database, and with its prefix", () =>
    Effect.gen(function*() {
      const context = yield* Layer.build(sqlite.layer(newFile()))
      const error = yield* Effect.flip(Effect.provide(SqlStore.make({ prefix: "a; DROP" }), context))
      assert.include(error.message, "a prefix has letters, digits and underscores")
      const store = yield* Effect.provide(SqlStore.make(), context)
      yield* Effect.provide(Effect.flatMap(SqlClient, (sql) => sql`DROP TABLE celeriac_beat_progress`), context)
      assert.match(
        (yield* Effect.flip(store.read)).message,
        /^the schedule in the tables celeriac_beat_\*: .*no such table/
      )
      yield* SqlStore.make().pipe(Effect.provide(context))
      yield* store.read
    }).pipe(Effect.scoped))
})

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
    }).pipe(Effect.scoped, Effect.provide(quiet)))

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
    }).pipe(Effect.provide(quiet)))

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
