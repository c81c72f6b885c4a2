import * as Arguments from "@celeriac/tasks/Arguments"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as fc from "fast-check"
import asked from "./fixtures/python-calls.json" with { type: "json" }

interface Asked {
  readonly name: string
  readonly args: ReadonlyArray<number>
  readonly kwargs: Readonly<Record<string, unknown>>
  readonly message: string | null
}

const add = Arguments.make("proj.add", { x: Schema.Int, y: Schema.Int })

const greet = Arguments.make("proj.greet", {
  name: Schema.String,
  greeting: Schema.String.pipe(Schema.withDecodingDefaultKey(Effect.succeed("Hello"))),
  mark: Schema.optionalKey(Schema.String)
})

const refusal = (result: Result.Result<unknown, TypeError>): string =>
  Result.isFailure(result) ? result.failure.message : "not refused"

describe("Arguments", () => {
  describe("binding as Python does", () => {
    const ways: ReadonlyArray<readonly [string, ReadonlyArray<unknown>, Record<string, unknown>]> = [
      ["by position", [2, 3], {}],
      ["by position and keyword", [2], { y: 3 }],
      ["by keyword", [], { x: 2, y: 3 }],
      ["by keyword in any order", [], { y: 3, x: 2 }]
    ]
    for (const [name, args, kwargs] of ways) {
      it(name, () => {
        assert.deepStrictEqual(add.bind(args, kwargs), Result.succeed({ x: 2, y: 3 }))
      })
    }

    it("fills in what may be left out", () => {
      assert.deepStrictEqual(greet.bind(["Ada"], {}), Result.succeed({ name: "Ada", greeting: "Hello" }))
      assert.deepStrictEqual(
        greet.bind(["Ada"], { mark: "!" }),
        Result.succeed({ name: "Ada", greeting: "Hello", mark: "!" })
      )
    })

    it("decodes", () => {
      const at = Arguments.make("at", { when: Schema.DateTimeUtcFromString })
      const bound = Result.getOrThrow(at.bind(["2026-11-20T00:00:00Z"], {}))
      assert.strictEqual(bound.when.epochMilliseconds, Date.UTC(2026, 10, 20))
    })

    it("takes no arguments where there are no parameters", () => {
      assert.deepStrictEqual(Arguments.make("proj.noop", {}).bind([], {}), Result.succeed({}))
    })

    it("answers the hundredth call as the first", () => {
      const sub = Arguments.make("sub", { x: Schema.Int, y: Schema.Int })
      for (let call = 0; call < 100; call++) {
        assert.deepStrictEqual(sub.bind([call], { y: 1 }), Result.succeed({ x: call, y: 1 }))
        assert.strictEqual(refusal(sub.bind([call, "1"], {})), `sub() argument 'y': Expected number, got "1"`)
      }
    })
  })

  describe("refusing in Python's words", () => {
    const noop = Arguments.make("proj.noop", {})
    const one = Arguments.make("proj.one", { x: Schema.Int })
    const three = Arguments.make("three", { x: Schema.Int, y: Schema.Int, z: Schema.Int })
    const cases: ReadonlyArray<
      readonly [{ readonly bind: typeof noop.bind }, ReadonlyArray<unknown>, Record<string, unknown>, string]
    > = [
      [add, [1], {}, "add() missing 1 required positional argument: 'y'"],
      [add, [], { y: 1 }, "add() missing 1 required positional argument: 'x'"],
      [add, [], {}, "add() missing 2 required positional arguments: 'x' and 'y'"],
      [three, [], {}, "three() missing 3 required positional arguments: 'x', 'y', and 'z'"],
      [add, [1, 2, 3], {}, "add() takes 2 positional arguments but 3 were given"],
      [one, [1, 2], {}, "one() takes 1 positional argument but 2 were given"],
      [noop, [1], {}, "noop() takes 0 positional arguments but 1 was given"],
      [greet, ["a", "b", "c", "d"], {}, "greet() takes from 1 to 3 positional arguments but 4 were given"],
      [add, [1, 2], { z: 3 }, "add() got an unexpected keyword argument 'z'"],
      [add, [1, 2], { x: 3 }, "add() got multiple values for argument 'x'"],
      [add, [1, 2, 3], { z: 3 }, "add() got an unexpected keyword argument 'z'"],
      [add, ["a", 2], {}, `add() argument 'x': Expected number, got "a"`],
      [add, [1, 2.5], {}, "add() argument 'y': Expected an integer, got 2.5"],
      [add, [1, null], {}, "add() argument 'y': Expected number, got null"]
    ]
    for (const [task, args, kwargs, message] of cases) {
      it(message, () => {
        const result = task.bind(args, kwargs)
        assert.isTrue(Result.isFailure(result) && result.failure instanceof TypeError)
        assert.strictEqual(refusal(result), message)
      })
    }

    it("in every case that Python itself was asked about", () => {
      const optional = Schema.optionalKey(Schema.Int)
      const functions: Record<string, Pick<typeof noop, "bind">> = {
        noop,
        one,
        add,
        three,
        greet: Arguments.make("greet", { name: Schema.Int, greeting: optional, mark: optional })
      }
      for (const { args, kwargs, message, name } of asked as ReadonlyArray<Asked>) {
        const result = functions[name]!.bind(args, kwargs)
        const said = Result.isSuccess(result) ? null : result.failure.message
        assert.strictEqual(said, message, `${name}(${JSON.stringify(args)}, ${JSON.stringify(kwargs)})`)
      }
    })

    it("says where inside an argument", () => {
      const total = Arguments.make("total", { numbers: Schema.Array(Schema.Int) })
      assert.strictEqual(
        refusal(total.bind([[1, "two"]], {})),
        `total() argument 'numbers': Expected number, got "two" at ["1"]`
      )
    })

    it("is not fooled by names that every object has", () => {
      for (const name of ["constructor", "toString", "__proto__", "hasOwnProperty"]) {
        const kwargs = JSON.parse(`{"x": 1, "y": 2, "${name}": 3}`)
        assert.strictEqual(refusal(add.bind([], kwargs)), `add() got an unexpected keyword argument '${name}'`)
      }
      const odd = Arguments.make("odd", { constructor: Schema.Int })
      assert.strictEqual(refusal(odd.bind([], {})), "odd() missing 1 required positional argument: 'constructor'")
      assert.deepStrictEqual(odd.bind([1], {}), Result.succeed({ constructor: 1 }))
    })

    it("keeps its words short", () => {
      const long = "x".repeat(100_000)
      assert.isBelow(refusal(add.bind([long, 1], {})).length, 2000)
      assert.isBelow(refusal(add.bind([1, 2], { [long]: 1 })).length, 2000)
    })

    it("does not tell a secret", () => {
      const login = Arguments.make("login", {
        user: Schema.String,
        password: Schema.RedactedFromValue(Schema.String.check(Schema.isMinLength(12)))
      })
      assert.notInclude(refusal(login.bind(["ada", "hunter2"], {})), "hunter2")
      assert.include(refusal(login.bind(["ada", "hunter2"], {})), "login() argument 'password'")
    })

    it("survives a schema that throws", () => {
      const broken = Arguments.make("broken", {
        x: Schema.Int.check(Schema.makeFilter((): boolean => {
          throw new Error("boom")
        }))
      })
      assert.strictEqual(refusal(broken.bind([1], {})), "broken() boom")
    })
  })

  it("never throws, whatever it is called with", () => {
    fc.assert(fc.property(fc.array(fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue()), (args, kwargs) => {
      const result = greet.bind(args, kwargs)
      assert.isTrue(Result.isSuccess(result) || result.failure instanceof TypeError)
    }))
  })

  describe("encoding for sending", () => {
    it("keeps positions positions, and keywords keywords", () => {
      assert.deepStrictEqual(add.encode([2, 3]), Result.succeed({ args: [2, 3], kwargs: {} }))
      assert.deepStrictEqual(add.encode({ x: 2, y: 3 }), Result.succeed({ args: [], kwargs: { x: 2, y: 3 } }))
    })

    it("leaves out what is left out", () => {
      assert.deepStrictEqual(greet.encode({ name: "Ada" }), Result.succeed({ args: [], kwargs: { name: "Ada" } }))
      assert.deepStrictEqual(greet.encode(["Ada"]), Result.succeed({ args: ["Ada"], kwargs: {} }))
    })

    it("refuses what the worker would refuse", () => {
      assert.strictEqual(
        refusal(add.encode([2.5, 3])),
        "add() argument 'x': Expected an integer, got 2.5"
      )
      const untyped: Arguments.Arguments<any> = add
      assert.strictEqual(refusal(untyped.encode({ x: 1 })), "add() missing 1 required positional argument: 'y'")
      assert.strictEqual(refusal(untyped.encode([1])), "add() missing 1 required positional argument: 'y'")
      assert.strictEqual(
        refusal(untyped.encode([1, 2, 3])),
        "add() takes 2 positional arguments but 3 were given"
      )
      assert.strictEqual(refusal(untyped.encode({ x: 1, z: 1 })), "add() got an unexpected keyword argument 'z'")
    })

    it("is undone by binding", () => {
      fc.assert(fc.property(fc.integer(), fc.integer(), fc.boolean(), (x, y, named) => {
        const { args, kwargs } = Result.getOrThrow(add.encode(named ? { x, y } : [x, y]))
        assert.deepStrictEqual(add.bind(args, kwargs), Result.succeed({ x, y }))
      }))
    })
  })

  it("masks what holds a secret", () => {
    const login = Arguments.make("login", { user: Schema.String, password: Schema.RedactedFromValue(Schema.String) })
    assert.deepStrictEqual(login.conceal({ args: ["ada", "hunter2"], kwargs: {} }), {
      args: ["ada", "<redacted>"],
      kwargs: {}
    })
    assert.deepStrictEqual(login.conceal({ args: ["ada"], kwargs: { password: "hunter2" } }), {
      args: ["ada"],
      kwargs: { password: "<redacted>" }
    })
  })

  it("refuses a parameter that Python could not name", () => {
    for (const name of ["", "two words", "1st", "a-b"]) {
      assert.throws(() => Arguments.make("t", { [name]: Schema.Int }), /not a name that Python could use/)
    }
  })

  it("types arguments by what the parameters say", () => {
    const named: Arguments.Input<typeof fields> = { x: 1 }
    const positional: Arguments.Input<typeof fields> = [1, "z"]
    // @ts-expect-error x is missing
    const missing: Arguments.Input<typeof fields> = { z: "z" }
    // @ts-expect-error x is a number
    const wrong: Arguments.Input<typeof fields> = { x: "1" }
    // @ts-expect-error there are two parameters
    const many: Arguments.Input<typeof fields> = [1, "z", 3]
    // @ts-expect-error no parameter is a boolean
    const never: Arguments.Input<typeof fields> = [true]
    assert.lengthOf([named, positional, missing, wrong, many, never], 6)
  })
})

const fields = { x: Schema.Int, z: Schema.optionalKey(Schema.String) }
