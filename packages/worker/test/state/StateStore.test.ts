import { type StateStore, StateStoreError, type Value } from "@celeriac/worker/state/StateStore"
import * as JournalStore from "@celeriac/worker/state/stores/JournalStore"
import * as SqliteStore from "@celeriac/worker/state/stores/SqliteStore"
import * as StateFile from "@celeriac/worker/state/stores/StateFile"
import * as StateStoreConformance from "@celeriac/worker/testing/StateStoreConformance"
import { afterAll, assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { spawn } from "node:child_process"
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const folder = mkdtempSync(join(tmpdir(), "celeriac-state-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let files = 0
const newFile = () => join(folder, `${++files}.db`)

const stores = [["sqlite", SqliteStore.open], ["journal", JournalStore.open]] as const

StateStoreConformance.suite("SqliteStore", SqliteStore.open, newFile)
StateStoreConformance.suite("JournalStore", JournalStore.open, newFile)

/** Uses it, closes it. */
const reopened = <A>(store: StateStore, use: (store: StateStore) => A): A => {
  try {
    return use(store)
  } finally {
    store.close()
  }
}

describe.each(stores)("a store of state: %s", (kind, open) => {
  it("holds whatever is put, as a map does", () => {
    const room = fc.constantFrom("one", "two")
    const key = fc.oneof(fc.constantFrom("a", "b", "__proto__"), fc.string())
    const value = fc.oneof(fc.string(), fc.integer(), fc.maxSafeInteger())
    const step = fc.oneof(
      fc.tuple(fc.constant("put" as const), room, key, value),
      fc.tuple(fc.constant("delete" as const), room, key),
      fc.tuple(fc.constant("replace" as const), room, fc.array(fc.tuple(key, value))),
      fc.tuple(fc.constant("reopen" as const))
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const file = newFile()
        const model = new Map<string, Map<string, Value>>([["one", new Map()], ["two", new Map()]])
        let store = open(file)
        for (const step of steps) {
          switch (step[0]) {
            case "put":
              model.get(step[1])!.delete(step[2])
              model.get(step[1])!.set(step[2], step[3])
              store.put(step[1], step[2], step[3])
              break
            case "delete":
              model.get(step[1])!.delete(step[2])
              store.delete(step[1], step[2])
              break
            case "replace": {
              const once = new Map(step[2])
              model.set(step[1], once)
              store.replace(step[1], once)
              break
            }
            case "reopen":
              store.close()
              store = open(file)
          }
        }
        store.close()
        reopened(open(file), (store) => {
          for (const [name, facts] of model) assert.deepStrictEqual(store.entries(name), Array.from(facts))
        })
      }),
      { numRuns: 20 }
    )
  })

  it("loses nothing that was told of when its process is killed, at whatever moment", async () => {
    const file = newFile()
    let before = 0
    for (let round = 0; round < 8; round++) {
      const told = await killed(kind, file, 1 + round * 37)
      const facts = reopened(open(file), (store) => store.entries("facts"))
      assert.deepStrictEqual<unknown>(facts, Array.from(facts, (_, index) => [String(index + 1), index + 1]))
      assert.isAtLeast(facts.length, told)
      assert.isAbove(facts.length, before)
      before = facts.length
    }
  }, 120_000)

  it("is set aside when it is damaged, and what can be read of it stays", () => {
    const file = newFile()
    reopened(open(file), (store) => {
      for (let n = 0; n < 2_000; n++) store.put("facts", String(n), "x".repeat(20))
    })
    const text = readFileSync(file)
    text.fill("?", Math.floor(text.length / 2), Math.floor(text.length / 2) + 20_000)
    writeFileSync(file, text)
    const { setAside, store } = StateFile.open(file)
    assert.strictEqual(setAside?.to, `${file}.damaged`)
    assert.match(String(setAside?.error.message), /^the state file .* is damaged \(/)
    assert.deepStrictEqual(readFileSync(`${file}.damaged`), text)
    const left = reopened(store, (store) => store.entries("facts"))
    assert.strictEqual(left.length > 0, kind === "journal")
    assert.isTrue(left.every(([key], index) => key === String(index)))
    writeFileSync(file, "something else")
    assert.strictEqual(StateFile.open(file).setAside?.to, `${file}.damaged-2`)
  })
})

/** Kills the writer when it has told of so many facts more. Gives the last of which it told. */
const killed = (kind: string, file: string, after: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const writer = fileURLToPath(new URL("../fixtures/writer.ts", import.meta.url))
    const child = spawn(process.execPath, [writer, kind, file], { stdio: ["ignore", "pipe", "inherit"] })
    let told = ""
    child.stdout.on("data", (data) => {
      told += data
      if (told.split("\n").length > after) child.kill("SIGKILL")
    })
    child.on("error", reject)
    child.on("close", (_, signal) => {
      if (signal !== "SIGKILL") return reject(new Error("it ended by itself"))
      // The last line may be torn.
      resolve(Number(told.split("\n").at(-2)))
    })
  })

describe("a journal", () => {
  it("is read up to its last whole line", () => {
    const file = newFile()
    reopened(JournalStore.open(file), (store) => {
      store.put("one", "a", 1)
      store.put("one", "b", 2)
    })
    const whole = readFileSync(file).length
    for (let torn = whole - 1; torn > JournalStore.header.length; torn--) {
      truncateSync(file, torn)
      const facts = reopened(JournalStore.open(file), (store) => store.entries("one"))
      assert.deepStrictEqual<unknown>(facts, [["a", 1], ["b", 2]].slice(0, facts.length))
    }
    appendFileSync(file, `["one","c"`)
    assert.deepStrictEqual(reopened(JournalStore.open(file), (store) => store.entries("one")), [])
  })

  it("does not grow with what is out of date", () => {
    const file = newFile()
    reopened(JournalStore.open(file), (store) => {
      for (let n = 0; n < 50_000; n++) store.put("clock", "value", n)
    })
    assert.isBelow(readFileSync(file).length, 50_000)
    assert.isFalse(existsSync(`${file}.new`))
  })
})

describe("a state file", () => {
  it("is SQLite's where Node has it, and stays what it is", () => {
    const [fresh, old] = [newFile(), newFile()]
    assert.isTrue(SqliteStore.isAvailable())
    assert.strictEqual(reopened(StateFile.open(fresh).store, ({ kind }) => kind), "sqlite")
    reopened(JournalStore.open(old), (store) => store.put("one", "a", 1))
    reopened(StateFile.open(old).store, (store) => {
      assert.strictEqual(store.kind, "journal")
      assert.deepStrictEqual<unknown>(store.entries("one"), [["a", 1]])
    })
  })

  it("belongs to one worker", () => {
    const file = newFile()
    const { store } = StateFile.open(file)
    store.put("one", "a", 1)
    assert.throws(() => StateFile.open(file), StateStoreError, "is used by another worker: give each its own")
    store.close()
    reopened(StateFile.open(file).store, (store) => assert.strictEqual(store.entries("one").length, 1))
  })
})
