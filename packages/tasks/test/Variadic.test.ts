import * as Arguments from "@celeriac/tasks/Arguments"
import * as Python from "@celeriac/tasks/Python"
import * as Task from "@celeriac/tasks/Task"
import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as fc from "fast-check"
import asked from "./fixtures/python-variadic-calls.json" with { type: "json" }

/** `def total(currency, *prices)` */
const total = Arguments.make("shop.total", { currency: Schema.String, prices: Python.Args(Schema.Int) })

/** `def tag(item, *names, sep, **more)` */
const tag = Arguments.make("shop.tag", {
  item: Schema.Int,
  names: Python.Args(Schema.Int),
  sep: Schema.Int,
  more: Python.Kwargs(Schema.Int)
})

const functions: Record<string, Pick<Arguments.Arguments<any>, "bind">> = {
  rest: Arguments.make("rest", { numbers: Python.Args(Schema.Int) }),
  others: Arguments.make("others", { x: Schema.Int, more: Python.Kwargs(Schema.Int) }),
  both: Arguments.make("both", {
    x: Schema.Int,
    y: Schema.optionalKey(Schema.Int),
    numbers: Python.Args(Schema.Int),
    more: Python.Kwargs(Schema.Int)
  }),
  keyed: Arguments.make("keyed", {
    x: Schema.Int,
    numbers: Python.Args(Schema.Int),
    a: Schema.Int,
    b: Schema.Int,
    c: Schema.optionalKey(Schema.Int)
  })
}

const said = (result: Result.Result<unknown, TypeError>): string | null =>
  Result.isFailure(result) ? result.failure.message : null

describe("variadic parameters", () => {
  it("take what no other parameter does", () => {
    assert.deepStrictEqual(total.bind(["EUR", 1, 2], {}), Result.succeed({ currency: "EUR", prices: [1, 2] }))
    assert.deepStrictEqual(total.bind([], { currency: "EUR" }), Result.succeed({ currency: "EUR", prices: [] }))
    assert.deepStrictEqual(
      tag.bind([1, 2, 3], { sep: 4, other: 5 }),
      Result.succeed({ item: 1, names: [2, 3], sep: 4, more: { other: 5 } })
    )
  })

  it("are sent by position, and what stands before them too", () => {
    const encoded = { args: ["EUR", 1, 2], kwargs: {} }
    assert.deepStrictEqual(total.encode(["EUR", 1, 2]), Result.succeed(encoded))
    assert.deepStrictEqual(total.encode({ currency: "EUR", prices: [1, 2] }), Result.succeed(encoded))
    assert.deepStrictEqual(total.encode({ currency: "EUR" }), Result.succeed({ args: [], kwargs: { currency: "EUR" } }))
    assert.deepStrictEqual(
      tag.encode({ item: 1, names: [2], sep: 3, more: { other: 4 } }),
      Result.succeed({ args: [1, 2], kwargs: { sep: 3, other: 4 } })
    )
  })

  it("are refused in Python's words, in every case that Python itself was asked about", () => {
    for (const { args, kwargs, message, name } of asked) {
      const result = functions[name]!.bind(args, kwargs as Record<string, unknown>)
      assert.strictEqual(said(result), message, `${name}(${JSON.stringify(args)}, ${JSON.stringify(kwargs)})`)
    }
  })

  it("say where inside of them", () => {
    assert.strictEqual(
      said(total.bind(["EUR", 1, "2"], {})),
      `total() argument 'prices': Expected number, got "2" at ["1"]`
    )
    assert.strictEqual(
      said(tag.bind([1], { sep: 2, other: "no" })),
      `tag() argument 'more': Expected number, got "no" at ["other"]`
    )
  })

  it("take names that every object has", () => {
    const kwargs = JSON.parse(`{"x": 1, "__proto__": 2, "constructor": 3}`)
    const bound = Result.getOrThrow(functions.others!.bind([], kwargs))
    assert.deepStrictEqual(Object.entries(bound.more), [["__proto__", 2], ["constructor", 3]])
  })

  it("are refused where a keyword would hit a parameter, or one before them is left out", () => {
    assert.strictEqual(
      said(tag.encode({ item: 1, sep: 2, more: { item: 3 } })),
      "tag() got multiple values for argument 'item'"
    )
    const gap = Arguments.make("gap", { x: Schema.optionalKey(Schema.Int), numbers: Python.Args(Schema.Int) })
    assert.strictEqual(
      said(gap.encode({ numbers: [1] })),
      "gap() argument 'x': it stands before 'numbers': give it too"
    )
    assert.strictEqual(said(tag.encode([1, 2])), "tag() missing 1 required keyword-only argument: 'sep'")
  })

  it("come in Python's order, or not at all", () => {
    assert.throws(
      () => Arguments.make("f", { a: Python.Args(Schema.Int), b: Python.Args(Schema.Int) }),
      /'b' is a second/
    )
    assert.throws(
      () => Arguments.make("f", { more: Python.Kwargs(Schema.Int), x: Schema.Int }),
      /nothing comes after 'more'/
    )
  })

  it("arrive as they were given, whatever they are", () => {
    const name = fc.string().filter((name) => name !== "item" && name !== "sep")
    fc.assert(fc.property(
      fc.integer(),
      fc.array(fc.integer()),
      fc.dictionary(name, fc.integer()),
      (item, names, more) => {
        const given = { item, names, sep: 0, more }
        const { args, kwargs } = Result.getOrThrow(tag.encode(given))
        const bound = Result.getOrThrow(tag.bind(args, kwargs))
        assert.deepStrictEqual([bound.item, bound.names, bound.sep], [item, names, 0])
        assert.deepStrictEqual(Object.entries(bound.more), Object.entries(more))
      }
    ))
  })

  it("hide what is secret", () => {
    const login = Arguments.make("login", {
      user: Schema.String,
      secrets: Python.Args(Schema.RedactedFromValue(Schema.String))
    })
    assert.deepStrictEqual(login.conceal({ args: ["ada", "x", "y"], kwargs: {} }), {
      args: ["ada", "<redacted>", "<redacted>"],
      kwargs: {}
    })
  })
})

/** Checked by the compiler. */
export const types = () => {
  const task = Task.make("shop.tag", {
    parameters: { item: Schema.Int, names: Python.Args(Schema.String), more: Python.Kwargs(Schema.Boolean) }
  })
  const check = (_: Task.Input<typeof task>) => {}
  check({ item: 1 })
  check({ item: 1, names: ["a"], more: { b: true } })
  check([1])
  check([1, "a", "b"])
  // @ts-expect-error what is left of the positional ones is text
  check([1, true])
  // @ts-expect-error and is a list, by its name
  check({ item: 1, names: "a" })
  // @ts-expect-error a keyword of its own stands in `more`
  check({ item: 1, b: true })
  // @ts-expect-error they are truths
  check({ item: 1, more: { b: 1 } })
  task.toLayer(({ item, more, names }) => {
    const all: readonly [number, ReadonlyArray<string>, Readonly<Record<string, boolean>>] = [item, names, more]
    // @ts-expect-error a list
    const one: string = names
    throw [all, one]
  })
}
