import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as fc from "fast-check"
import * as OrdinarySignature from "../../src/protocol/OrdinarySignature.ts"
import * as SignatureCall from "../../src/protocol/SignatureCall.ts"

const anything = fc.oneof(
  fc.constantFrom(null, "text", "", "celery.chain", true, 1, NaN),
  fc.constantFrom([], [1], {}, { link: [] }, { a: 1 })
)

/** What options there are, and others. */
const names = [
  "task_id",
  "reply_to",
  "queue",
  "exchange",
  "routing_key",
  "root_id",
  "parent_id",
  "group_id",
  "group_index",
  "shadow",
  "ignore_result",
  "priority",
  "countdown",
  "eta",
  "expires",
  "headers",
  "link",
  "link_error",
  "chain",
  "chord",
  "stamped_headers",
  "retry_policy",
  "constructor",
  "__proto__"
]

/** Mostly sound ones, for otherwise none would be ordinary. */
const mostly = <A>(sound: fc.Arbitrary<A>) =>
  fc.oneof({ weight: 6, arbitrary: sound }, { weight: 1, arbitrary: anything })

const options = fc.dictionary(fc.constantFrom(...names), fc.oneof(fc.constantFrom("text", null, true), anything), {
  maxKeys: 3
})
const signatures = fc.oneof(
  { weight: 1, arbitrary: anything },
  {
    weight: 20,
    arbitrary: fc.record({
      task: mostly(fc.constantFrom("a", "celery.group", "celeriac")),
      args: mostly(fc.constantFrom(null, [], [1])),
      kwargs: mostly(fc.constantFrom(null, {}, { header: 1 })),
      options: mostly(options),
      subtask_type: mostly(fc.constantFrom(null, undefined)),
      immutable: mostly(fc.boolean())
    }, { requiredKeys: [] })
  }
)

describe("OrdinarySignature", () => {
  it("is read without a complaint, and has nothing inside", () => {
    let ordinary = 0
    fc.assert(
      fc.property(signatures, (signature) => {
        if (!OrdinarySignature.is(signature)) return
        ordinary++
        const call = Result.getOrThrow(SignatureCall.read(signature))
        assert.isFalse(call.task.startsWith("celery."))
        assert.isUndefined(call.call.link)
        assert.isUndefined(call.call.linkError)
        assert.isUndefined(call.within?.embed?.chain)
        assert.isUndefined(call.within?.embed?.chord)
      }),
      { numRuns: 5_000 }
    )
    assert.isAbove(ordinary, 500)
  })

  it("is what a step of a chain is", () => {
    assert.isTrue(OrdinarySignature.is({
      task: "inc",
      args: [],
      kwargs: {},
      options: { task_id: "a", reply_to: "b", root_id: "c", ignore_result: false, queue: null },
      subtask_type: null,
      immutable: false
    }))
  })
})
