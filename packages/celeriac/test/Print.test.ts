import { assert, describe, it } from "@effect/vitest"
import * as Print from "../src/cli/output/Print.ts"
import * as Style from "../src/cli/output/Style.ts"

describe("what is printed for people", () => {
  it("is broken where there is space, and indented then", () => {
    assert.strictEqual(Print.wrapped("a ".repeat(40).trim(), undefined, "  "), "a ".repeat(40).trim())
    const text = Print.wrapped(Array.from({ length: 12 }, (_, at) => `word${at}`).join(" "), 44, "    ")
    assert.deepStrictEqual(text.split("\n"), [
      "word0 word1 word2 word3 word4 word5",
      "    word6 word7 word8 word9 word10 word11"
    ])
    assert.strictEqual(Print.wrapped("x".repeat(100), 50, "  "), "x".repeat(100))
  })

  it("is a table where that fits, and else a list of rows", () => {
    const rows = [["Name", "Task", "Zone"], ["nightly", "proj.clean", "Asia/Kathmandu"], ["tick", "proj.tick", ""]]
    const style = Style.make(false)
    const table = "Name     Task        Zone\nnightly  proj.clean  Asia/Kathmandu\ntick     proj.tick"
    assert.strictEqual(Style.table(style, rows), table)
    assert.strictEqual(Style.table(style, rows, 40), table)
    assert.strictEqual(
      Style.table(style, rows, 30),
      "nightly\n  Task  proj.clean\n  Zone  Asia/Kathmandu\ntick\n  Task  proj.tick"
    )
  })
})
