import * as LogicalClock from "@celeriac/messaging/LogicalClock"
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

describe("LogicalClock", () => {
  it("counts on by one for what is sent", () => {
    const clock = LogicalClock.make()
    assert.deepStrictEqual([clock.value(), clock.forward(), clock.forward(), clock.value()], [0, 1, 2, 2])
  })

  it("goes on behind the later of both for what is heard of", () => {
    const clock = LogicalClock.make(10)
    assert.deepStrictEqual([clock.adjust(40), clock.adjust(3), clock.value()], [41, 42, 42])
  })

  it("ignores what is no time, whoever says it, and always has room to count on", () =>
    fc.assert(fc.property(fc.array(fc.anything()), (heard) => {
      const clock = LogicalClock.make(5)
      // What comes from the wire may be anything, whatever the type says.
      for (const other of heard) clock.adjust(other as number)
      for (const other of [-1, 0.5, Number.NaN, Infinity, 2 ** 52 + 1, 2 ** 60]) clock.adjust(other)
      const before = clock.value()
      return Number.isSafeInteger(before) && clock.forward() === before + 1
    })))

  it("begins at 0 when it is told to begin at what is no time", () => {
    assert.strictEqual(LogicalClock.make(Number.NaN).value(), 0)
  })
})
