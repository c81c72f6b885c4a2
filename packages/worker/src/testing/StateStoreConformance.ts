/**
 * What every store of a worker's state must do. An implementation runs it in a
 * line:
 *
 * ```ts
 * StateStoreConformance.suite("SqliteStore", SqliteStore.open, () => join(folder, String(n++)))
 * ```
 *
 * @since 0.1.0
 */
import { assert, describe, it } from "@effect/vitest"
import { type StateStore, StateStoreError } from "../state/StateStore.ts"

/** `newFile` gives a path of which there is no file yet. */
export const suite = (name: string, open: (file: string) => StateStore, newFile: () => string): void => {
  describe(`${name} is a store of state`, () => {
    /** Uses it, closes it, and uses it again as another process would. */
    const reopened = <A>(file: string, use: (store: StateStore) => A): A => {
      const store = open(file)
      try {
        return use(store)
      } finally {
        store.close()
      }
    }

    it("keeps what was put over restarts, the oldest first", () => {
      const file = newFile()
      reopened(file, (store) => {
        assert.deepStrictEqual(store.entries("revoked"), [])
        store.put("revoked", "a", 1)
        store.put("revoked", "b", 1_700_000_000_123)
        store.put("clock", "", 7)
        store.put("revoked", "a", 3)
      })
      reopened(file, (store) => {
        const expected = [["b", 1_700_000_000_123], ["a", 3]]
        assert.deepStrictEqual<unknown>(store.entries("revoked"), expected)
        assert.deepStrictEqual<unknown>(store.entries("clock"), [["", 7]])
      })
    })

    it("forgets what was deleted, and what a room no longer holds", () => {
      const file = newFile()
      reopened(file, (store) => {
        for (const key of ["a", "b", "c"]) store.put("one", key, key)
        store.put("other", "a", "here")
        store.delete("one", "b")
        store.delete("one", "never there")
        assert.deepStrictEqual<unknown>(store.entries("one"), [["a", "a"], ["c", "c"]])
        store.replace("one", [["z", 1], ["a", 2]])
      })
      reopened(file, (store) => {
        assert.deepStrictEqual<unknown>(store.entries("one"), [["z", 1], ["a", 2]])
        assert.deepStrictEqual<unknown>(store.entries("other"), [["a", "here"]])
        store.replace("other", [])
      })
      assert.deepStrictEqual(reopened(file, (store) => store.entries("other")), [])
    })

    it("takes many at once, in their order", () => {
      const file = newFile()
      const many = Array.from({ length: 500 }, (_, n) => [String(n), n] as const)
      reopened(file, (store) => {
        store.put("one", "7", "old")
        store.putAll("one", many)
        store.putAll("one", [])
      })
      assert.deepStrictEqual<unknown>(reopened(file, (store) => store.entries("one")), many)
    })

    it("goes on after a file that was left open, as a process that is killed leaves it", () => {
      const file = newFile()
      const left = open(file)
      left.put("one", "a", 1)
      left.sync()
      left.put("one", "b", 2)
      left.close()
      assert.deepStrictEqual<unknown>(reopened(file, (store) => store.entries("one")), [["a", 1], ["b", 2]])
    })

    it("says so when there can be no such file", () => {
      const file = newFile()
      reopened(file, (store) => store.put("one", "a", 1))
      assert.throws(() => open(`${file}/below`), StateStoreError, "cannot be used")
    })
  })
}
