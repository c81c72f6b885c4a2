import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as fc from "fast-check"
import * as TaskBody from "../../src/protocol/TaskBody.ts"
import stamped from "../fixtures/stamped-messages.json" with { type: "json" }
import captured from "../fixtures/task-messages.json" with { type: "json" }

const message = (value: unknown): string => {
  const result = TaskBody.decode(value, { task: "proj.add", id: "t1" })
  return Result.isFailure(result) ? result.failure.message : "understood"
}

describe("TaskBody", () => {
  it("reads every body that Celery sends, and writes back the same", () => {
    for (const { body } of [...captured, ...stamped]) {
      const wire: unknown = JSON.parse(body)
      const { args, kwargs, embed } = Result.getOrThrow(TaskBody.decode(wire))
      assert.strictEqual(JSON.stringify(TaskBody.encode(args, kwargs, embed)), JSON.stringify(wire))
    }
  })

  it("tells what follows", () => {
    const chained = Result.getOrThrow(TaskBody.decode(JSON.parse(captured[2]!.body)))
    assert.deepStrictEqual(chained.args, [1, 2])
    assert.deepStrictEqual(chained.embed.chain?.map((step) => step.args), [[4], [3]])
    assert.isUndefined(chained.embed.callbacks)
    const part = Result.getOrThrow(TaskBody.decode(JSON.parse(captured[5]!.body)))
    assert.strictEqual(part.embed.chord?.task, "proj.xsum")
  })

  it("takes whatever says that nothing follows", () => {
    for (const embed of [null, {}, { callbacks: null }, { chord: null, extra: 1 }]) {
      assert.deepStrictEqual(Result.getOrThrow(TaskBody.decode([[1], {}, embed])).embed, TaskBody.noEmbed)
    }
    assert.deepStrictEqual(Result.getOrThrow(TaskBody.decode([[1], {}, { chain: [] }])).embed.chain, [])
  })

  it("takes one signature for a list of it", () => {
    const { embed } = Result.getOrThrow(TaskBody.decode([[], {}, { callbacks: { task: "a" } }]))
    assert.deepStrictEqual(embed.callbacks, [{ task: "a" }])
  })

  it("says where a body is wrong", () => {
    const rows: ReadonlyArray<readonly [unknown, string]> = [
      [null, "the body should be a list of three: args, kwargs and what follows, and is null"],
      ["", "the body should be a list of three: args, kwargs and what follows, and is \"\""],
      [[[], {}], "the body should be a list of three: args, kwargs and what follows, and is a list of 2"],
      [[[], {}, {}, {}], "the body should be a list of three: args, kwargs and what follows, and is a list of 4"],
      [{}, "the body should be a list of three: args, kwargs and what follows, and is an object"],
      [[null, {}, {}], "args should be a list, and is null"],
      [[{}, {}, {}], "args should be a list, and is an object"],
      [[[], [], {}], "kwargs should be an object, and is a list of 0"],
      [[[], {}, []], "embed should be an object, and is a list of 0"],
      [[[], {}, { callbacks: "a" }], "embed.callbacks should be a list, and is \"a\""],
      [[[], {}, { chain: [{ task: "a" }, {}] }], "embed.chain[1].task should be the name of a task, and is absent"],
      [[[], {}, { chord: { task: "a", args: {} } }], "embed.chord.args should be a list, and is an object"],
      [[[], {}, { errbacks: [null] }], "embed.errbacks[0] should be an object, and is null"],
      [[[], {}, { chord: { task: "a", options: 1 } }], "embed.chord.options should be an object, and is the number 1"]
    ]
    for (const [value, text] of rows) assert.strictEqual(message(value), `proj.add[t1]: ${text}`)
  })

  it("keeps keyword arguments that JavaScript gives a meaning", () => {
    const wire: unknown = JSON.parse(`[[],{"__proto__":{"admin":true},"constructor":1},null]`)
    const { kwargs } = Result.getOrThrow(TaskBody.decode(wire))
    assert.deepStrictEqual(Object.keys(kwargs), ["__proto__", "constructor"])
    assert.isUndefined(({} as { admin?: unknown }).admin)
  })

  it("answers whatever it is given, and never throws", () => {
    fc.assert(fc.property(fc.anything(), fc.anything(), (value, embed) => {
      TaskBody.decode(value)
      TaskBody.decode([[], {}, embed])
      TaskBody.decode([[], {}, { callbacks: value, chain: [embed], chord: value }])
      TaskBody.decodeFields({ args: value, callbacks: embed })
    }))
  })
})
