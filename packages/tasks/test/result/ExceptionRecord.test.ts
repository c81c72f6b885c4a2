import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as fc from "fast-check"
import * as ExceptionRecord from "../../src/result/ExceptionRecord.ts"

class OutOfStock extends Data.TaggedError("OutOfStock")<{ readonly left: number }> {}
class Declined extends Schema.TaggedError<Declined>()("Declined", { code: Schema.Int }) {
  override get message(): string {
    return `declined with ${this.code}`
  }
}
class Custom extends Error {}

const bare = (record: ExceptionRecord.ExceptionRecord) => [record.excModule, ExceptionRecord.repr(record)]

describe("ExceptionRecord", () => {
  it("knows where Python has what Celery stores", () => {
    const rows: ReadonlyArray<readonly [ExceptionRecord.ExceptionRecord, string, string]> = [
      [ExceptionRecord.notRegistered("a.b"), "celery.exceptions", "NotRegistered('a.b')"],
      [ExceptionRecord.workerLost("gone"), "billiard.exceptions", "WorkerLostError('gone')"],
      [ExceptionRecord.timeLimitExceeded(1), "billiard.exceptions", "TimeLimitExceeded(1)"],
      [ExceptionRecord.softTimeLimitExceeded(), "billiard.exceptions", "SoftTimeLimitExceeded()"],
      [ExceptionRecord.taskRevoked("terminated"), "celery.exceptions", "TaskRevokedError('terminated')"],
      [ExceptionRecord.retry(null, "KeyError('k')", 1), "celery.exceptions", `Retry(None, "KeyError('k')", 1)`],
      [ExceptionRecord.ignore(), "celery.exceptions", "Ignore()"],
      [ExceptionRecord.reject("no", true), "celery.exceptions", "Reject('no', True)"],
      [ExceptionRecord.maxRetriesExceeded("Can't"), "celery.exceptions", `MaxRetriesExceededError("Can't")`],
      [ExceptionRecord.chordError("x"), "celery.exceptions", "ChordError('x')"],
      [ExceptionRecord.invalidTask("x"), "celery.exceptions", "InvalidTaskError('x')"],
      [ExceptionRecord.typeError("x"), "builtins", "TypeError('x')"],
      [ExceptionRecord.make("Whatever", [1, "a"]), "celeriac", "Whatever(1, 'a')"]
    ]
    for (const [record, module, repr] of rows) assert.deepStrictEqual(bare(record), [module, repr])
  })

  it("names any failure as well as it can be named", () => {
    const named = new Error("msg")
    named.name = "ValueError"
    const rows: ReadonlyArray<readonly [unknown, string, string]> = [
      [new Error("bad"), "javascript", "Error('bad')"],
      [new TypeError("bad"), "builtins", "TypeError('bad')"],
      [new RangeError("bad"), "javascript", "RangeError('bad')"],
      [new ReferenceError("x"), "javascript", "ReferenceError('x')"],
      [new SyntaxError("x"), "builtins", "SyntaxError('x')"],
      [new AggregateError([], "x"), "javascript", "AggregateError('x')"],
      [new Custom("c"), "celeriac", "Custom('c')"],
      [named, "builtins", "ValueError('msg')"],
      [new Error(), "javascript", "Error()"],
      [new OutOfStock({ left: 3 }), "celeriac", "OutOfStock({'left': 3})"],
      [new Declined({ code: 5 }), "celeriac", "Declined('declined with 5')"],
      [{ _tag: "Plain", why: "x" }, "celeriac", "Plain({'why': 'x'})"],
      [new Cause.TimeoutError("late"), "builtins", "TimeoutError('late')"],
      ["text", "builtins", "Exception('text')"],
      [undefined, "builtins", "Exception('None')"],
      [{ _tag: "\0\ud800" }, "celeriac", "\ufffd()"],
      [{ _tag: "\0" }, "builtins", "Exception()"]
    ]
    for (const [error, module, repr] of rows) {
      assert.deepStrictEqual(bare(ExceptionRecord.fromUnknown(error)), [module, repr])
    }
  })

  it("is the nearest builtin to Python, and what it was thrown as to those who know JavaScript", () => {
    const rows: ReadonlyArray<readonly [Error, string]> = [
      [new Error("bad"), "Exception"],
      [new RangeError("bad"), "ValueError"],
      [new ReferenceError("bad"), "NameError"],
      [new URIError("bad"), "ValueError"],
      [new EvalError("bad"), "Exception"],
      [new AggregateError([], "bad"), "Exception"]
    ]
    for (const [error, nearest] of rows) {
      const record = ExceptionRecord.fromUnknown(error)
      const wire = ExceptionRecord.encode(record)
      assert.deepStrictEqual(wire, {
        exc_type: nearest,
        exc_module: "builtins",
        exc_message: ["bad"],
        exc_js_type: error.name
      })
      const exception = ExceptionRecord.toException(ExceptionRecord.decode(JSON.parse(JSON.stringify(wire))))
      assert.deepStrictEqual([exception.excType, exception.args], [error.name, ["bad"]])
      assert.strictEqual(exception.message, `${error.name}('bad')`)
      assert.isTrue(exception.is(error.name) && exception.is(nearest, "builtins"))
      assert.isFalse(exception.is("KeyError"))
      assert.deepStrictEqual(ExceptionRecord.fromUnknown(exception), record)
    }
    const both = ExceptionRecord.encode(ExceptionRecord.fromUnknown(new TypeError("bad")))
    assert.deepStrictEqual(both, { exc_type: "TypeError", exc_module: "builtins", exc_message: ["bad"] })
  })

  it("passes on a failure of another task as it is", () => {
    const record = ExceptionRecord.make("ValueError", ["bad", 3])
    assert.deepStrictEqual(ExceptionRecord.fromUnknown(ExceptionRecord.toException(record)), record)
  })

  it("takes the failure of a cause before its defect", () => {
    assert.strictEqual(ExceptionRecord.fromCause(Cause.fail(new OutOfStock({ left: 0 }))).excType, "OutOfStock")
    assert.strictEqual(ExceptionRecord.fromCause(Cause.die(new TypeError("x"))).excType, "TypeError")
  })

  it("stores arguments that Python's JSON has, or their repr", () => {
    const encode = (...args: Array<unknown>) => ExceptionRecord.encode(ExceptionRecord.make("E", args)).exc_message
    assert.deepStrictEqual(encode(1, "a", null, true, [1, { a: [] }]), [1, "a", null, true, [1, { a: [] }]])
    assert.deepStrictEqual(
      encode(NaN, 10n, new Date(0), () => 1, new Uint8Array([255])),
      [
        "nan",
        10n,
        "datetime.datetime(1970, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)",
        "<function >",
        new Uint8Array([255])
      ]
    )
    const self: Record<string, unknown> = {}
    self.self = self
    assert.match(String(encode(self)[0]), /^\{'self': \{'self': /)
  })

  it("bounds what it knows nothing about, and keeps secrets", () => {
    const long = ExceptionRecord.fromUnknown(new Error("x".repeat(1e6)))
    assert.isBelow(JSON.stringify(ExceptionRecord.encode(long)).length, 9000)
    const wide = ExceptionRecord.fromUnknown({ _tag: "Wide", rows: Array.from({ length: 1e5 }, () => "row") })
    assert.isBelow(JSON.stringify(ExceptionRecord.encode(wide)).length, 20_000)
    const secret = ExceptionRecord.fromUnknown({ _tag: "Login", password: Redacted.make("hunter2") })
    assert.notInclude(JSON.stringify(ExceptionRecord.encode(secret)), "hunter2")
  })

  it("becomes an error that prints as Python does", () => {
    const exception = ExceptionRecord.toException(ExceptionRecord.make("ValueError", ["bad", 3]), { taskId: "t" })
    assert.strictEqual(exception.message, "ValueError('bad', 3)")
    assert.strictEqual(exception._tag, "TaskException")
    assert.isTrue(exception.is("ValueError"))
    assert.isTrue(exception.is("ValueError", "builtins"))
    assert.isFalse(exception.is("ValueError", "celeriac"))
    assert.strictEqual(ExceptionRecord.str(exception), "('bad', 3)")
    assert.strictEqual(ExceptionRecord.str({ args: ["bad"] }), "bad")
    assert.strictEqual(ExceptionRecord.str({ args: [] }), "")
  })

  it("reads back what it writes", () => {
    const record = fc.record({
      excType: fc.string({ minLength: 1 }),
      excModule: fc.option(fc.string(), { nil: undefined }),
      args: fc.array(fc.jsonValue({ maxDepth: 3 }))
    })
    fc.assert(fc.property(record, (record) => {
      assert.deepStrictEqual(ExceptionRecord.decode(ExceptionRecord.encode(record)), record)
    }))
  })

  it("answers whatever is thrown, and never throws", () => {
    const hostile = new Proxy({}, {
      get: () => {
        throw new Error("no")
      },
      has: () => true
    })
    assert.deepStrictEqual(bare(ExceptionRecord.fromUnknown(hostile)), ["builtins", "Exception('<unrepresentable>')"])
    fc.assert(fc.property(fc.anything(), (thrown) => {
      JSON.stringify(ExceptionRecord.encode(ExceptionRecord.fromUnknown(thrown)))
      ExceptionRecord.decode(thrown)
    }))
  })
})
