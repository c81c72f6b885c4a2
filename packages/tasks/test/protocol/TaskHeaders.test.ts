import type { Headers } from "@celeriac/messaging/Message"
import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as fc from "fast-check"
import type { ProtocolError } from "../../src/protocol/ProtocolError.ts"
import * as TaskHeaders from "../../src/protocol/TaskHeaders.ts"
import stamped from "../fixtures/stamped-messages.json" with { type: "json" }
import captured from "../fixtures/task-messages.json" with { type: "json" }

const minimal = { task: "proj.add", id: "t1" }

const decoded = (headers: Headers): TaskHeaders.TaskHeaders => Result.getOrThrow(TaskHeaders.decode(headers))

const refusal = (headers: Headers): ProtocolError => {
  const result = TaskHeaders.decode(headers)
  if (Result.isSuccess(result)) throw new Error("was understood")
  return result.failure
}

/** The shape in one place, stated apart from the code that reads it. */
const optionalText = Schema.optional(Schema.NullOr(Schema.String))
const integer = Schema.Union([Schema.Int, Schema.BigInt])
const count = Schema.optional(Schema.NullOr(integer.check(Schema.makeFilter((value) => value >= 0))))
const limit = Schema.NullOr(
  Schema.Union([Schema.Finite, Schema.BigInt]).check(Schema.makeFilter((value) => value >= 0))
)
const Shape = Schema.Struct({
  lang: optionalText,
  task: Schema.NonEmptyString,
  id: Schema.NonEmptyString,
  shadow: optionalText,
  group: optionalText,
  group_index: Schema.optional(Schema.NullOr(integer)),
  retries: count,
  timelimit: Schema.optional(Schema.NullOr(Schema.Union([
    Schema.Tuple([]),
    Schema.Tuple([limit]),
    Schema.Tuple([limit, limit])
  ]))),
  root_id: optionalText,
  parent_id: optionalText,
  argsrepr: optionalText,
  kwargsrepr: optionalText,
  origin: optionalText,
  ignore_result: Schema.optional(Schema.NullOr(Schema.Boolean)),
  replaced_task_nesting: count,
  stamped_headers: Schema.optional(Schema.NullOr(Schema.Array(Schema.String))),
  stamps: Schema.optional(Schema.NullOr(Schema.Record(Schema.String, Schema.Unknown))),
  compression: optionalText
})

describe("TaskHeaders", () => {
  it("reads every header that Celery sends, and writes back the same, in the same order", () => {
    for (const { headers } of [...captured, ...stamped]) {
      const written = TaskHeaders.encode(decoded(headers))
      assert.deepStrictEqual(written, headers)
      assert.strictEqual(JSON.stringify(written), JSON.stringify(headers))
    }
  })

  it("knows each by its name", () => {
    const headers = decoded(captured[0]!.headers)
    assert.deepStrictEqual(headers, {
      lang: "py",
      task: "proj.add",
      id: "4c129c03-b026-4486-96f2-5ce0e24bb767",
      shadow: "shade",
      eta: "2026-11-20T23:15:56.922803+00:00",
      etaMillis: Date.UTC(2026, 10, 20, 23, 15, 56, 923),
      expires: "2026-11-20T23:16:56.922803+00:00",
      expiresMillis: Date.UTC(2026, 10, 20, 23, 16, 56, 923),
      group: undefined,
      groupIndex: undefined,
      retries: 0,
      timeLimit: { hard: 10, soft: 5 },
      rootId: "4c129c03-b026-4486-96f2-5ce0e24bb767",
      parentId: undefined,
      argsRepr: "(2, 2)",
      kwargsRepr: "{}",
      origin: "gen18410@vm",
      ignoreResult: false,
      replacedTaskNesting: 0,
      stampedHeaders: undefined,
      stamps: {},
      compression: "application/x-gzip",
      custom: { my: "h" }
    })
    const first = decoded(stamped[0]!.headers)
    assert.deepStrictEqual(first.stampedHeaders, stamped[0]!.headers.stamped_headers)
    assert.deepStrictEqual(first.stamps, stamped[0]!.headers.stamps)
  })

  it("needs the task and the id, and nothing else", () => {
    const headers = decoded(minimal)
    assert.strictEqual(headers.rootId, "t1")
    assert.strictEqual(headers.retries, 0)
    assert.isUndefined(headers.ignoreResult)
    assert.deepStrictEqual(headers.timeLimit, { hard: undefined, soft: undefined })
    for (const header of ["task", "id"]) {
      for (const value of [undefined, null, ""]) {
        assert.strictEqual(refusal({ ...minimal, [header]: value }).reason._tag, "MissingHeader")
      }
    }
  })

  it("takes null for absent, whichever header it is", () => {
    const nulls = Object.fromEntries(Object.keys(captured[0]!.headers).map((name) => [name, null]))
    const { custom, ...rest } = decoded({ ...nulls, ...minimal })
    const { custom: none, ...bare } = decoded(minimal)
    assert.deepStrictEqual(rest, bare)
    assert.deepStrictEqual(custom, { my: null })
    assert.deepStrictEqual(none, {})
  })

  it("says which header is wrong, what it should be, and what it is", () => {
    const rows: ReadonlyArray<readonly [string, unknown, string]> = [
      ["task", 5, "header 'task' should be text, and is the number 5"],
      ["eta", 5, "header 'eta' should be text or null, and is the number 5"],
      ["eta", "soon", "header 'eta' should be an ISO-8601 time in the years 1 to 9999, and is \"soon\""],
      [
        "eta",
        "99999-01-01T00:00:00Z",
        "header 'eta' should be an ISO-8601 time in the years 1 to 9999, and is \"99999-01-01T00:00:00Z\""
      ],
      ["expires", 60, "header 'expires' should be text or null, and is the number 60"],
      ["retries", "1", "header 'retries' should be an integer from 0 upwards, and is \"1\""],
      ["retries", -1, "header 'retries' should be an integer from 0 upwards, and is the number -1"],
      ["retries", 10n ** 30n, `header 'retries' should be an integer from 0 upwards, and is the bigint ${10n ** 30n}`],
      [
        "timelimit",
        [1, 2, 3],
        "header 'timelimit' should be a list of the hard and the soft limit, and is a list of 3"
      ],
      ["timelimit", 5, "header 'timelimit' should be a list of the hard and the soft limit, and is the number 5"],
      ["stamps", [], "header 'stamps' should be an object or null, and is a list of 0"],
      ["ignore_result", "yes", "header 'ignore_result' should be true, false or null, and is \"yes\""]
    ]
    for (const [header, value, message] of rows) {
      const error = refusal({ ...minimal, [header]: value })
      assert.strictEqual(error.reason.message, message)
      assert.strictEqual(error.id, "t1")
    }
    assert.strictEqual(
      refusal({ task: "a", id: "t1", shadow: 1 }).message,
      "a[t1]: header 'shadow' should be text or null, and is the number 1"
    )
    assert.isBelow(refusal({ ...minimal, eta: "x".repeat(1e6) }).message.length, 300)
  })

  it("tolerates integers of any width", () => {
    const headers = decoded({ ...minimal, retries: 3n, group_index: 7n, timelimit: [10n, null] })
    assert.strictEqual(headers.retries, 3)
    assert.strictEqual(headers.groupIndex, 7)
    assert.deepStrictEqual(headers.timeLimit, { hard: 10, soft: undefined })
  })

  it("takes a limit of 0 seconds for none", () => {
    assert.deepStrictEqual(decoded({ ...minimal, timelimit: [0, 0.5] }).timeLimit, { hard: undefined, soft: 0.5 })
  })

  it("rounds times up, so that no task is early", () => {
    assert.strictEqual(decoded({ ...minimal, eta: "2026-01-01T00:00:00.000001Z" }).etaMillis, Date.UTC(2026, 0, 1) + 1)
  })

  it("leaves to the sender what is neither the protocol's nor a broker's", () => {
    const headers = decoded({
      ...minimal,
      "my-header": { a: [1] },
      "x-death": [{ count: 1 }],
      "x-first-death-queue": "q",
      "x-last-death-reason": "expired",
      "x-delivery-count": 2,
      meth: null,
      utc: true,
      "x-trace": "t"
    })
    assert.deepStrictEqual(headers.custom, { "my-header": { a: [1] }, "x-trace": "t" })
    assert.isTrue(TaskHeaders.isReserved("x-death"))
    assert.isFalse(TaskHeaders.isReserved("x-trace"))
  })

  it("does not let a header of the sender's stand for one of the protocol's", () => {
    const written = TaskHeaders.encode({ ...decoded(minimal), custom: { id: "other", "x-death": [], mine: 1 } })
    assert.strictEqual(written.id, "t1")
    assert.strictEqual(written.mine, 1)
    assert.isFalse("x-death" in written)
  })

  it("is not misled by names that JavaScript gives a meaning", () => {
    const hostile: Headers = JSON.parse(
      `{"task":"constructor","id":"__proto__","__proto__":{"eta":"x"},"constructor":1,"hasOwnProperty":2,"toString":null}`
    )
    const headers = decoded(hostile)
    assert.strictEqual(headers.task, "constructor")
    assert.isUndefined(headers.eta)
    assert.deepStrictEqual(Object.keys(headers.custom), ["__proto__", "constructor", "hasOwnProperty", "toString"])
    assert.strictEqual(Object.getPrototypeOf(headers.custom), Object.prototype)
    assert.strictEqual(Object.getPrototypeOf(TaskHeaders.encode(headers)), Object.prototype)
    assert.isUndefined(({} as { eta?: unknown }).eta)
  })

  it("accepts exactly what fits the shape", () => {
    const accepts = Schema.is(Shape)
    const value = fc.oneof(
      fc.constant(null),
      fc.string(),
      fc.boolean(),
      fc.integer(),
      fc.double(),
      fc.bigInt({ min: -(2n ** 60n), max: 2n ** 60n }).map((value) => value % 1000n),
      fc.array(fc.oneof(fc.string(), fc.integer(), fc.constant(null)), { maxLength: 3 }),
      fc.dictionary(fc.string(), fc.integer(), { maxKeys: 2 })
    )
    const names = Object.keys(Shape.fields)
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 2 }), (some) => {
        const headers = { ...minimal, ...some }
        assert.strictEqual(Result.isSuccess(TaskHeaders.decode(headers)), accepts(headers))
      }),
      { numRuns: 2000 }
    )
  })

  it("answers whatever it is given, and never throws", () => {
    fc.assert(fc.property(fc.dictionary(fc.string(), fc.anything()), (headers) => {
      TaskHeaders.decode(headers)
      TaskHeaders.decode({ ...minimal, ...headers })
    }))
    fc.assert(fc.property(fc.constantFrom(...Object.keys(captured[0]!.headers)), fc.anything(), (name, value) => {
      const result = TaskHeaders.decode({ ...minimal, [name]: value })
      if (Result.isSuccess(result)) JSON.stringify(Object.keys(TaskHeaders.encode(result.success)))
    }))
  })
})
