import { Backoff, longest, shortest } from "@celeriac/worker/state/Backoff"
import { assert, describe, it } from "@effect/vitest"

describe("Backoff", () => {
  it("waits a second, then twice as long each time, up to half a minute", () => {
    const backoff = new Backoff()
    assert.deepStrictEqual(
      Array.from({ length: 7 }, () => backoff.next("a")),
      [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]
    )
    assert.deepStrictEqual([shortest, longest], [1_000, 30_000])
  })

  it("counts each key for itself, and begins again with one that went well", () => {
    const backoff = new Backoff()
    backoff.next("a")
    assert.deepStrictEqual([backoff.next("a"), backoff.next("b")], [2_000, 1_000])
    backoff.reset("a")
    backoff.reset("never seen")
    assert.deepStrictEqual([backoff.next("a"), backoff.next("b")], [1_000, 2_000])
  })

  it("forgets the key that failed the longest ago when there are too many", () => {
    const backoff = new Backoff()
    backoff.next("first")
    backoff.next("second")
    backoff.next("first")
    for (let n = 0; n < 9_999; n++) backoff.next(String(n))
    assert.deepStrictEqual([backoff.next("first"), backoff.next("second")], [4_000, 1_000])
  })
})
