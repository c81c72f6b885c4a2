import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as fc from "fast-check"
import * as ExceptionRecord from "../../src/result/ExceptionRecord.ts"
import * as Traceback from "../../src/result/Traceback.ts"

const withStack = <E extends Error>(error: E, ...lines: ReadonlyArray<string>): E => {
  error.stack = [`${error.name}: ${error.message}`, ...lines.map((line) => `    at ${line}`)].join("\n")
  return error
}

describe("Traceback", () => {
  it("reads as Python's: the innermost call last, and then what happened", () => {
    const error = withStack(
      new RangeError("bad"),
      "inner (file:///srv/app/tasks.ts:12:7)",
      "async outer (/srv/app/tasks.ts:30:3)",
      "/srv/app/main.ts:3:1",
      "runLoop (/srv/node_modules/effect/dist/internal/core.js:500:10)",
      "process.processTicksAndRejections (node:internal/process/task_queues:105:5)"
    )
    assert.strictEqual(
      Traceback.fromUnknown(error),
      [
        "Traceback (most recent call last):",
        "  File \"/srv/app/main.ts\", line 3, in <anonymous>",
        "  File \"/srv/app/tasks.ts\", line 30, in outer",
        "  File \"/srv/app/tasks.ts\", line 12, in inner",
        "RangeError: bad"
      ].join("\n")
    )
  })

  it("shows no frame of Celeriac's own, wherever it lies", () => {
    const here = new URL("../../src/promise/Run.ts", import.meta.url).pathname
    const error = withStack(
      new Error("bad"),
      `check (file://${here}:9:1)`,
      "handler (/srv/app/tasks.ts:12:7)",
      "Trace.call (/srv/app/node_modules/@celeriac/worker/dist/trace/Trace.js:98:22)",
      "run (C:\\app\\node_modules\\celeriac\\dist\\promise\\Run.js:1:2)"
    )
    assert.strictEqual(
      Traceback.fromUnknown(error),
      "Traceback (most recent call last):\n  File \"/srv/app/tasks.ts\", line 12, in handler\nError: bad"
    )
    const ours = withStack(new TypeError("no effect"), `noEffect (${here}:9:1)`, "listOnTimeout (node:timers:6:1)")
    assert.notInclude(Traceback.fromUnknown(ours), "noEffect")
  })

  it("finds this file in a real stack", () => {
    assert.match(
      Traceback.fromCause(Cause.die(new TypeError("x"))),
      /^Traceback \(most recent call last\):\n(.*\n)*.*Traceback\.test\.ts", line \d+, in .*\nTypeError: x$/
    )
  })

  it("keeps the frames of a runtime when there are no others", () => {
    const error = withStack(new Error("x"), "listOnTimeout (node:internal/timers:614:17)")
    assert.include(Traceback.fromUnknown(error), "File \"node:internal/timers\", line 614, in listOnTimeout")
  })

  it("names the module where it matters", () => {
    class SoftTimeLimitExceeded extends Data.TaggedError("SoftTimeLimitExceeded") {}
    class Mine extends Data.TaggedError("Mine")<{ readonly n: number }> {}
    assert.match(Traceback.fromUnknown(new SoftTimeLimitExceeded()), /\nbilliard\.exceptions\.SoftTimeLimitExceeded$/)
    assert.match(Traceback.fromUnknown(new Mine({ n: 1 })), /\nMine: \{'n': 1\}$/)
  })

  it("tells the cause before what it caused", () => {
    const cause = withStack(new Error("first"), "a (/a.ts:1:1)")
    const text = Traceback.fromUnknown(withStack(new Error("second", { cause }), "b (/b.ts:2:2)"))
    assert.strictEqual(
      text,
      [
        "Traceback (most recent call last):",
        "  File \"/a.ts\", line 1, in a",
        "Error: first",
        "",
        "The above exception was the direct cause of the following exception:",
        "",
        "Traceback (most recent call last):",
        "  File \"/b.ts\", line 2, in b",
        "Error: second"
      ].join("\n")
    )
  })

  it("keeps the traceback of the worker that failed first", () => {
    const record = ExceptionRecord.make("ValueError", ["bad"])
    assert.strictEqual(
      Traceback.fromUnknown(ExceptionRecord.toException(record, { traceback: "Traceback ...\nValueError: bad" })),
      "Traceback ...\nValueError: bad"
    )
  })

  it("is bounded, and ends with what happened", () => {
    const deep = withStack(
      new Error("deep"),
      ...Array.from({ length: 5000 }, (_, n) => `f${n} (/a/long/path.ts:${n}:1)`)
    )
    assert.isAtMost(Traceback.fromUnknown(deep).length, Traceback.maxLength)
    assert.match(Traceback.fromUnknown(deep), /in f0\nError: deep$/)
    const self = new Error("self")
    self.cause = self
    const long = new Error("x".repeat(1e6), { cause: self })
    assert.isAtMost(Traceback.fromUnknown(long).length, Traceback.maxLength)
  })

  it("answers whatever is thrown, and never throws", () => {
    const hostile = new Error("x")
    Object.defineProperty(hostile, "stack", {
      get: () => {
        throw new Error("no")
      }
    })
    assert.include(Traceback.fromUnknown(hostile), "<unrepresentable>")
    fc.assert(fc.property(fc.anything(), (thrown) => {
      assert.isAtMost(Traceback.fromUnknown(thrown).length, Traceback.maxLength)
    }))
    fc.assert(fc.property(fc.array(fc.string()), (lines) => {
      Traceback.fromUnknown(withStack(new Error("x"), ...lines))
    }))
  })
})
