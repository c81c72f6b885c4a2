import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import * as fc from "fast-check"
import * as Callback from "../../src/Callback.ts"
import * as SignatureCall from "../../src/protocol/SignatureCall.ts"

const read = (value: unknown) => Result.getOrThrow(SignatureCall.read(value))

/** Without what is not said. */
const said = (value: unknown) => JSON.parse(JSON.stringify(read(value))) as unknown

/** As `json.dumps(add.s(2, 2).set(queue="q", countdown=3, priority=4))` of Celery 5.7 gives it. */
const captured =
  "{\"task\": \"x.add\", \"args\": [2, 2], \"kwargs\": {}, \"options\": {\"queue\": \"q\", \"countdown\": 3, \"priority\": 4}, \"subtask_type\": null, \"immutable\": false}"

describe("SignatureCall", () => {
  it("reads what Celery writes", () => {
    assert.deepStrictEqual(said(JSON.parse(captured)), {
      task: "x.add",
      call: {
        args: [2, 2],
        kwargs: {},
        queue: "q",
        priority: 4,
        countdown: JSON.parse(JSON.stringify(Duration.seconds(3)))
      }
    })
    assert.deepStrictEqual(said({ task: "add" }), { task: "add", call: { args: [], kwargs: {} } })
  })

  it("reads every option that says how a task is sent", () => {
    const { call, replyTo } = read({
      task: "add",
      kwargs: { x: 1 },
      options: {
        task_id: "t1",
        exchange: "e",
        routing_key: "k",
        headers: { a: 1 },
        shadow: "s",
        serializer: "json",
        compression: "gzip",
        ignore_result: true,
        eta: "2026-11-27T22:00:00+00:00",
        expires: 60,
        reply_to: "r1",
        link: [],
        root_id: "another's business"
      }
    })
    assert.strictEqual(replyTo, "r1")
    assert.deepInclude(call, {
      taskId: "t1",
      exchange: "e",
      routingKey: "k",
      headers: { a: 1 },
      shadow: "s",
      serializer: "json",
      compression: "gzip",
      ignoreResult: true,
      eta: new Date("2026-11-27T22:00:00Z"),
      expires: Duration.seconds(60)
    })
  })

  it("reads what follows it, its place among others, and how it is published", () => {
    const { call, within } = read({
      task: "add",
      options: {
        link: { task: "b" },
        link_error: [{ task: "c", args: [1] }],
        time_limit: 30,
        soft_time_limit: 20,
        argsrepr: "(...)",
        retry: false,
        retry_policy: { max_retries: null, interval_start: 0.5 },
        stamped_headers: ["batch"],
        batch: "b1",
        group_id: "g",
        group_index: 2,
        root_id: "root",
        parent_id: "parent",
        retries: 1,
        chain: [{ task: "d" }],
        chord: { task: "e" }
      }
    })
    assert.deepStrictEqual(Callback.encodeAll(call.link), Result.succeed([{ task: "b" }]))
    assert.deepStrictEqual(Callback.encodeAll(call.linkError), Result.succeed([{ task: "c", args: [1] }]))
    assert.deepInclude(call, {
      timeLimit: Duration.seconds(30),
      softTimeLimit: Duration.seconds(20),
      argsRepr: "(...)",
      retry: false,
      stamps: { batch: "b1" }
    })
    assert.deepInclude(call.retryPolicy, { maxRetries: Infinity, intervalStart: Duration.seconds(0.5) })
    assert.deepInclude(within, { group: "g", groupIndex: 2, rootId: "root", parentId: "parent", retries: 1 })
    assert.deepStrictEqual(within?.embed, { chain: [{ task: "d" }], chord: { task: "e" } })
  })

  it("says what is wrong, and where", () => {
    const rows: ReadonlyArray<readonly [unknown, string]> = [
      [null, "the signature should be an object, and is null"],
      [{}, "task should be the name of a task, and is absent"],
      [{ task: "a", args: {} }, "a[no id]: args should be a list or null, and is an object"],
      [{ task: "a", options: [] }, "a[no id]: options should be an object, and is a list of 0"],
      [
        { task: "a", options: { eta: "soon" } },
        "a[no id]: options.eta should be an ISO-8601 time or null, and is \"soon\""
      ],
      [
        { task: "celery.chain", subtask_type: "chain" },
        "celery.chain[no id]: subtask_type should be null: a single task, and is \"chain\""
      ],
      [
        { task: "a", options: { link: [{ task: 7 }] } },
        "a[no id]: options.link[0].task should be the name of a task, and is the number 7"
      ]
    ]
    for (const [value, says] of rows) {
      const result = SignatureCall.read(value)
      assert.strictEqual(Result.isFailure(result) ? result.failure.message : "read", says)
    }
  })

  it("never throws, whatever stands there", () => {
    const options = fc.dictionary(
      fc.constantFrom(
        ...["queue", "countdown", "eta", "expires", "priority", "link", "headers", "task_id"],
        ...["chord", "chain", "group_id", "stamped_headers", "retry_policy", "time_limit", "__proto__"]
      ),
      fc.anything()
    )
    const signature = fc.record({ task: fc.anything(), args: fc.anything(), kwargs: fc.anything(), options }, {
      requiredKeys: []
    })
    fc.assert(fc.property(fc.oneof(fc.anything(), signature), (value) => void SignatureCall.read(value)))
  })
})
