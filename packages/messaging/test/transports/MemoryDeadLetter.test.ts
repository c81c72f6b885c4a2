import type { Message } from "@celeriac/messaging/Message"
import { assert, describe, it } from "@effect/vitest"
import { bury, isCycle } from "../../src/transports/internal/MemoryDeadLetter.ts"

const message = (headers: Message["headers"] = {}, expiration?: string): Message => ({
  body: new Uint8Array(),
  headers,
  properties: expiration === undefined ? { priority: 1 } : { priority: 1, expiration }
})

type Death = Parameters<typeof bury>[1]

const death = (options: Partial<Death> = {}): Death => ({
  reason: "rejected",
  queue: "q",
  exchange: "x",
  routingKey: "k",
  time: 1_000,
  ...options
})

const entry = { count: 1, reason: "rejected", queue: "q", time: 1_000, exchange: "x", "routing-keys": ["k"] }

describe("MemoryDeadLetter", () => {
  it("writes the first death", () => {
    assert.deepStrictEqual(bury(message({ a: 1 }), death()).headers, {
      a: 1,
      "x-first-death-exchange": "x",
      "x-first-death-queue": "q",
      "x-first-death-reason": "rejected",
      "x-death": [entry]
    })
  })

  it("writes the newest death first, and keeps the first", () => {
    const once = bury(message(), death())
    const twice = bury(once, death({ reason: "expired", queue: "wait", exchange: "dlx", time: 2_000 }))
    assert.deepStrictEqual(twice.headers["x-death"], [
      { ...entry, reason: "expired", queue: "wait", exchange: "dlx", time: 2_000 },
      entry
    ])
    assert.strictEqual(twice.headers["x-first-death-queue"], "q")
  })

  it("counts a death of the same kind in the same queue, and moves it to the front", () => {
    const wait = death({ reason: "expired", queue: "wait" })
    const letter = bury(bury(bury(message(), death()), wait), death({ time: 9_000 }))
    assert.deepStrictEqual(letter.headers["x-death"], [
      { ...entry, count: 2 },
      { ...entry, reason: "expired", queue: "wait" }
    ])
  })

  it("takes the expiration off, and writes down what it was", () => {
    const letter = bury(message({}, "500"), death())
    assert.deepStrictEqual(letter.properties, { priority: 1 })
    assert.deepStrictEqual(letter.headers["x-death"], [{ ...entry, "original-expiration": "500" }])
  })

  it.each([["text"], [null], [{ queue: "q" }], [[null, 7, "q", { queue: 3, count: "many" }]]])(
    "survives an x-death header that anybody made up: %j",
    (made) => {
      const letter = bury(message({ "x-death": made }), death())
      assert.isArray(letter.headers["x-death"])
      assert.isFalse(isCycle(message({ "x-death": made }), "q"))
    }
  )

  it("sees a circle only where no reject is part of it", () => {
    const wait = death({ reason: "expired", queue: "wait" })
    const expired = death({ reason: "expired" })
    assert.isTrue(isCycle(bury(message(), wait), "wait"))
    assert.isTrue(isCycle(bury(bury(message(), expired), wait), "q"))
    assert.isFalse(isCycle(bury(bury(message(), death()), wait), "q"))
    assert.isFalse(isCycle(bury(message(), wait), "q"))
  })
})
