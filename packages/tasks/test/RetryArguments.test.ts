/** What a retry says of its arguments, beside those of the call before: every case that Celery itself was asked about. */
import * as Arguments from "@celeriac/tasks/Arguments"
import * as PythonRepr from "@celeriac/tasks/protocol/PythonRepr"
import * as Python from "@celeriac/tasks/Python"
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import asked from "./fixtures/python-retry-arguments.json" with { type: "json" }

const optional = Schema.optionalKey(Schema.Int)

/** Those of `python-retry-arguments.py`. */
const functions: Record<string, Pick<Arguments.Arguments<any>, "again">> = {
  plain: Arguments.make("plain", { x: Schema.Int, y: optional }),
  rest: Arguments.make("rest", { x: Schema.Int, numbers: Python.Args(Schema.Int) }),
  keyed: Arguments.make("keyed", { x: Schema.Int, numbers: Python.Args(Schema.Int), a: Schema.Int, b: optional }),
  others: Arguments.make("others", { x: Schema.Int, more: Python.Kwargs(Schema.Int) })
}

type Row = readonly [
  string,
  Arguments.Encoded,
  { readonly [K in keyof Arguments.Encoded]: Arguments.Encoded[K] | null },
  Arguments.Encoded,
  string
]

describe("the arguments of a retry", () => {
  it("are those that Celery gives it", () => {
    // A fixture has no tuples in its type.
    for (const [name, before, said, expected, text] of asked as unknown as ReadonlyArray<Row>) {
      const next = functions[name]!.again(before, { args: said.args ?? undefined, kwargs: said.kwargs ?? undefined })
      const all = { args: next.args ?? before.args, kwargs: next.kwargs ?? before.kwargs }
      assert.deepStrictEqual(all, expected, JSON.stringify([name, before, said]))
      const shown = `Can't retry ${name}[a] args:${PythonRepr.args(all.args)} kwargs:${PythonRepr.kwargs(all.kwargs)}`
      assert.strictEqual(shown, text)
    }
  })

  it("stay as they are where nothing of them is said anew", () => {
    const before = { args: [1], kwargs: { y: 2 } }
    assert.deepStrictEqual(functions["plain"]!.again(before, { args: [3] }), { args: [3] })
    assert.deepStrictEqual(functions["plain"]!.again(before, { kwargs: { y: 3 } }), { kwargs: { y: 3 } })
  })
})
