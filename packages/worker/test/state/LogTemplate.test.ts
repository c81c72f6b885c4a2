import * as LogTemplate from "@celeriac/worker/state/LogTemplate"
import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as fc from "fast-check"

describe("LogTemplate", () => {
  it("writes times as strftime does", () => {
    const at = new Date(2026, 10, 3, 0, 4, 5, 67)
    // As Python's time.strftime wrote them.
    const table: ReadonlyArray<readonly [string, string]> = [
      ["%Y-%m-%d %H:%M:%S", "2026-11-03 00:04:05"],
      ["%a %A %b %B", "Tue Tuesday Nov November"],
      ["%I:%M %p, %j, %y, %%", "12:04 AM, 307, 26, %"],
      ["%F %T", "2026-11-03 00:04:05"]
    ]
    for (const [format, text] of table) assert.strictEqual(LogTemplate.strftime(format, at), text)
  })

  it("knows which codes there are not", () => {
    assert.deepStrictEqual(LogTemplate.unknownCodes("%Y %Q %"), ["%Q", "%"])
  })

  it("leaves text without a percent sign as it is, and never throws", () => {
    fc.assert(fc.property(fc.string(), (text) => {
      const parts = LogTemplate.parse(text)
      if (!text.includes("%")) assert.deepStrictEqual(Result.getOrThrow(parts).join(""), text)
    }))
  })
})
