import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as IsoTime from "../src/IsoTime.ts"

describe("IsoTime", () => {
  it("reads what Python writes, and its like", () => {
    const rows: ReadonlyArray<readonly [string, number]> = [
      ["2026-11-20T23:15:56.922803+00:00", Date.UTC(2026, 10, 20, 23, 15, 56) + 922.803],
      ["2026-11-20T23:15:56+00:00", Date.UTC(2026, 10, 20, 23, 15, 56)],
      ["2026-11-20T23:15:56Z", Date.UTC(2026, 10, 20, 23, 15, 56)],
      ["2026-11-20T23:15:56", Date.UTC(2026, 10, 20, 23, 15, 56)],
      ["2026-11-20 23:15:56.5", Date.UTC(2026, 10, 20, 23, 15, 56, 500)],
      ["2026-11-20T23:15", Date.UTC(2026, 10, 20, 23, 15)],
      ["2026-11-20", Date.UTC(2026, 10, 20)],
      ["2026-11-20T23:15:56+02:00", Date.UTC(2026, 10, 20, 21, 15, 56)],
      ["2026-11-20T23:15:56-0530", Date.UTC(2026, 10, 21, 4, 45, 56)],
      ["2026-11-20T23:15:56+05:53:28", Date.UTC(2026, 10, 20, 17, 22, 28)],
      ["2024-02-29T00:00:00Z", Date.UTC(2024, 1, 29)],
      ["0001-01-01T00:00:00Z", -62_135_596_800_000],
      ["9999-12-31T23:59:59Z", Date.UTC(9999, 11, 31, 23, 59, 59)]
    ]
    for (const [text, millis] of rows) assert.closeTo(IsoTime.parse(text)!, millis, 0.001, text)
  })

  it("refuses what is no time", () => {
    for (
      const text of [
        "",
        "soon",
        "0000-01-01",
        "10000-01-01T00:00:00Z",
        "+275760-09-13T00:00:00Z",
        "2026-13-01",
        "2026-02-30",
        "2023-02-29",
        "2026-00-10",
        "2026-01-00",
        "2026-01-01T24:00:00",
        "2026-01-01T00:60:00",
        "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00 Europe/Paris",
        "1795216560",
        "2026-01-01T00:00:00." + "1".repeat(100_000)
      ]
    ) assert.isUndefined(IsoTime.parse(text), text.slice(0, 40))
  })

  it("tells whether an offset is given", () => {
    assert.isTrue(IsoTime.isAware("2026-11-20T23:15:56Z"))
    assert.isTrue(IsoTime.isAware("2026-11-20T23:15:56+02:00"))
    assert.isFalse(IsoTime.isAware("2026-11-20T23:15:56"))
  })

  it("writes as Python's isoformat", () => {
    assert.strictEqual(IsoTime.format(Date.UTC(2026, 10, 20, 23, 15, 56, 922)), "2026-11-20T23:15:56.922000+00:00")
    assert.strictEqual(IsoTime.format(Date.UTC(2026, 10, 20, 23, 15, 56)), "2026-11-20T23:15:56+00:00")
    assert.strictEqual(IsoTime.format(Infinity), "9999-12-31T23:59:59.999000+00:00")
    assert.strictEqual(IsoTime.format(-Infinity), "0001-01-01T00:00:00+00:00")
  })

  it("reads back every time that it writes", () => {
    fc.assert(fc.property(fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }), (millis) => {
      assert.strictEqual(Math.round(IsoTime.parse(IsoTime.format(millis))!), millis)
    }))
  })
})
