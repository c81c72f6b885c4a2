/** JSON that was typed, as Python is to have it. */
import * as PythonRepr from "@celeriac/tasks/protocol/PythonRepr"
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as JsonText from "../src/cli/flags/JsonText.ts"

describe("JSON of a command line", () => {
  for (
    const [text, python] of [
      ["[1.0, 1, 1e3, -0.0, 1.5]", "[1.0, 1, 1000.0, -0.0, 1.5]"],
      ["{\"a\": [2.0, {\"b\": 12345678901234567890}]}", "{'a': [2.0, {'b': 12345678901234567890}]}"],
      ["[\"1.0\", true, null]", "['1.0', True, None]"]
    ] as const
  ) {
    it(`${text} is Python's ${python}`, () => assert.strictEqual(PythonRepr.repr(JsonText.parse(text)), python))
  }

  it("is any other JSON else", () =>
    fc.assert(fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
      const text = JSON.stringify(value)
      assert.strictEqual(JSON.stringify(JsonText.parse(text), bigints), JSON.stringify(JSON.parse(text)))
    })))
})

const bigints = (_: string, value: unknown) => typeof value === "bigint" ? Number(value) : value
