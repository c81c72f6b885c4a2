import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { BoundedMap } from "../src/BoundedMap.ts"

/** The same, the obvious way. */
class Model {
  readonly capacity: number
  entries: Array<readonly [number, number]> = []
  constructor(capacity: number) {
    this.capacity = capacity
  }
  set(key: number, value: number): void {
    this.delete(key)
    if (this.entries.length >= this.capacity) this.entries.shift()
    this.entries.push([key, value])
  }
  delete(key: number): void {
    this.entries = this.entries.filter(([other]) => other !== key)
  }
}

describe("BoundedMap", () => {
  it("holds so many entries and no more, whatever is done to it: the one set longest ago goes first", () => {
    const step = fc.tuple(fc.constantFrom("set", "set", "set", "delete", "deleteOldest", "oldest", "clear"), fc.nat(12))
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.array(step, { maxLength: 200 }),
        fc.nat(1_100),
        (capacity, steps, passed) => {
          const map = new BoundedMap<number, number>(capacity)
          // So that it is renewed at any of the steps.
          for (let i = 0; i < passed; i++) {
            map.set(-1, i)
            map.delete(-1)
          }
          const model = new Model(capacity)
          for (const [index, [what, key]] of steps.entries()) {
            switch (what) {
              case "set":
                map.set(key, index)
                model.set(key, index)
                break
              case "delete":
                map.delete(key)
                model.delete(key)
                break
              case "deleteOldest":
                map.deleteOldest()
                model.entries.shift()
                break
              case "clear":
                if (index % 10 > 0) break
                map.clear()
                model.entries = []
            }
            assert.strictEqual(map.size, model.entries.length)
            if (what === "oldest") assert.deepStrictEqual(map.oldest(), model.entries[0])
            for (let key = 0; key <= 12; key++) {
              const entry = model.entries.find(([other]) => other === key)
              assert.deepStrictEqual([map.has(key), map.get(key)], [entry !== undefined, entry?.[1]])
            }
          }
        }
      )
    )
  })

  it("keeps nothing of what has passed through", () => {
    const map = new BoundedMap<number, Uint8Array>(100_000)
    const passed = (count: number) => {
      for (let i = 0; i < count; i++) {
        map.set(i, new Uint8Array(64))
        map.delete(i - 100)
      }
      return process.memoryUsage().heapUsed
    }
    // A map that is kept has its tables in the old space, where they hold what they refer to.
    const before = passed(100_000)
    assert.isBelow((passed(1_000_000) - before) / 1e6, 100)
  })

  it("may hold any number", () => {
    const map = new BoundedMap<number, string>(Infinity)
    for (let i = 0; i < 100_000; i++) map.set(i, "")
    assert.strictEqual(map.size, 100_000)
  })

  it("costs no more for being full", () => {
    const map = new BoundedMap<number, true>(100_000)
    const spent = (from: number, to: number) => {
      const began = process.threadCpuUsage()
      for (let i = from; i < to; i++) map.set(i, true)
      const { system, user } = process.threadCpuUsage(began)
      return user + system
    }
    const filling = spent(0, 100_000)
    const full = spent(100_000, 300_000)
    assert.strictEqual(map.size, 100_000)
    // It is twice as much. With a walk over what was deleted before, it would be some hundred times of it.
    assert.isBelow(full / Math.max(filling, 10_000), 40)
  })
})
