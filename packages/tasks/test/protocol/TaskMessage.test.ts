import * as Content from "@celeriac/messaging/Content"
import type { Message } from "@celeriac/messaging/Message"
import * as PythonValue from "@celeriac/messaging/PythonValue"
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Result from "effect/Result"
import * as fc from "fast-check"
import * as Nodename from "../../src/Nodename.ts"
import * as TaskMessage from "../../src/protocol/TaskMessage.ts"
import stamped from "../fixtures/stamped-messages.json" with { type: "json" }
import captured from "../fixtures/task-messages.json" with { type: "json" }

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (body: Uint8Array): string => new TextDecoder().decode(body)

const json = (headers: Message["headers"], body: unknown): Message => ({
  headers,
  body: bytes(typeof body === "string" ? body : JSON.stringify(body)),
  properties: { contentType: "application/json", contentEncoding: "utf-8" }
})

const written = (task: TaskMessage.OutgoingTask, options?: TaskMessage.WriteOptions): Message =>
  Result.getOrThrow(TaskMessage.write(task, options))

const reason = (message: Message, options?: TaskMessage.ReadOptions) => {
  const result = TaskMessage.read(message, options)
  if (Result.isSuccess(result)) throw new Error("was understood")
  return result.failure.reason
}

/** As captured, the body decompressed. */
const received = (
  { headers: { compression: _, ...headers }, body }: { headers: Record<string, unknown>; body: string }
) => json(headers, body)

describe("TaskMessage", () => {
  it("reads every message of Celery's, and writes the same message again", () => {
    for (const capture of captured) {
      const message = received(capture)
      const task = Result.getOrThrow(TaskMessage.read(message))
      const { content_type, content_encoding, delivery_mode, priority, correlation_id, reply_to, expiration } =
        capture.properties
      const again = written({
        ...TaskMessage.outgoing(task),
        deliveryMode: delivery_mode === 1 ? 1 : 2,
        priority,
        replyTo: reply_to,
        expiration: expiration === undefined ? undefined : Number(expiration)
      })
      assert.strictEqual(JSON.stringify(again.headers), JSON.stringify(message.headers))
      assert.deepStrictEqual<unknown>(again.properties, {
        contentType: content_type,
        contentEncoding: content_encoding,
        deliveryMode: delivery_mode,
        priority,
        correlationId: correlation_id,
        replyTo: reply_to,
        ...(expiration === undefined ? {} : { expiration })
      })
      // Python cannot tell bytes that happen to be text from others when we send them: the form may differ.
      const reread = Result.getOrThrow(TaskMessage.read(again))
      assert.deepStrictEqual(reread, task)
      if (!capture.body.includes("__type__")) {
        assert.deepStrictEqual(JSON.parse(text(again.body)), JSON.parse(capture.body))
      }
    }
    for (const capture of stamped) {
      const task = Result.getOrThrow(TaskMessage.read(received(capture)))
      const again = written(TaskMessage.outgoing(task))
      assert.strictEqual(JSON.stringify(again.headers), JSON.stringify(capture.headers))
      assert.deepStrictEqual(JSON.parse(text(again.body)), JSON.parse(capture.body))
    }
  })

  it("prints arguments as Python does, when it writes them", () => {
    for (const capture of captured) {
      const task = Result.getOrThrow(TaskMessage.read(received(capture)))
      const { argsRepr: _, kwargsRepr: __, ...outgoing } = TaskMessage.outgoing(task)
      assert.strictEqual(written(outgoing).headers.argsrepr, capture.headers.argsrepr)
      assert.strictEqual(written(outgoing).headers.kwargsrepr, capture.headers.kwargsrepr)
    }
  })

  it("writes all headers, with the defaults of Celery's client", () => {
    const { headers, properties, body } = written({ task: "proj.add", id: "t1", args: [1, 2] })
    assert.deepStrictEqual(Object.entries(headers), [
      ["lang", "js"],
      ["task", "proj.add"],
      ["id", "t1"],
      ["shadow", null],
      ["eta", null],
      ["expires", null],
      ["group", null],
      ["group_index", null],
      ["retries", 0],
      ["timelimit", [null, null]],
      ["root_id", "t1"],
      ["parent_id", null],
      ["argsrepr", "(1, 2)"],
      ["kwargsrepr", "{}"],
      ["origin", Nodename.origin()],
      ["ignore_result", false],
      ["replaced_task_nesting", 0],
      ["stamped_headers", null],
      ["stamps", {}]
    ])
    assert.deepStrictEqual(properties, {
      contentType: "application/json",
      contentEncoding: "utf-8",
      deliveryMode: 2,
      priority: 0,
      correlationId: "t1",
      replyTo: ""
    })
    assert.strictEqual(text(body), `[[1,2],{},{"callbacks":null,"errbacks":null,"chain":null,"chord":null}]`)
  })

  it("writes again what is left to the task as left to the task", () => {
    const task = Result.getOrThrow(TaskMessage.read(json({ task: "a", id: "b", ignore_result: null }, [[], {}, null])))
    assert.isNull(written(TaskMessage.outgoing(task)).headers.ignore_result)
  })

  it("writes times as Python does, and expirations as AMQP does", () => {
    const message = written({
      task: "a",
      id: "b",
      eta: 1_795_216_556_922,
      expires: 1_795_216_560_000,
      expiration: 1234.9
    })
    assert.strictEqual(message.headers.eta, "2026-11-20T23:15:56.922000+00:00")
    assert.strictEqual(message.headers.expires, "2026-11-20T23:16:00+00:00")
    assert.strictEqual(message.properties.expiration, "1234")
    assert.strictEqual(written({ task: "a", id: "b", expiration: -5 }).properties.expiration, "0")
  })

  it("says in the headers what compressed the body", () => {
    const message = written({ task: "a", id: "b", args: ["x".repeat(1000)], custom: { mine: 1 } }, {
      compression: "gzip"
    })
    assert.strictEqual(message.headers.compression, "application/x-gzip")
    assert.deepStrictEqual(Object.keys(message.headers).slice(-2), ["mine", "compression"])
    assert.isBelow(message.body.length, 100)
    assert.deepStrictEqual(Result.getOrThrow(TaskMessage.read(message)).body.args, ["x".repeat(1000)])
  })

  it("fails when an argument has no form in the serializer", () => {
    const result = TaskMessage.write({ task: "a", id: "b", args: [() => 1] })
    assert.isTrue(Result.isFailure(result) && result.failure.reason._tag === "Unencodable")
  })

  it("knows a task by its headers, whatever the body is", () => {
    const message = json({ task: "a", id: "b" }, "no JSON at all")
    const identity = Result.getOrThrow(TaskMessage.identify(message))
    assert.isTrue(identity.version === 2 && identity.headers.task === "a")
    assert.strictEqual(reason(message)._tag, "UndecodableBody")
  })

  it("says of a body what is wrong, and of which task", () => {
    const disallowed: Message = {
      ...json({ task: "a", id: "b" }, []),
      properties: { contentType: "application/x-yaml" }
    }
    const cases: ReadonlyArray<readonly [Message, string]> = [
      [json({ task: "a", id: "b" }, [[], {}]), "InvalidBody"],
      [json({ task: "a", id: "b" }, ""), "UndecodableBody"],
      [json({ task: "a", id: "b" }, "null"), "InvalidBody"],
      [json({ task: "a", id: "b" }, "[".repeat(100_000)), "UndecodableBody"],
      [disallowed, "UndecodableBody"],
      [json({ task: "a" }, []), "MissingHeader"],
      [json({ task: null, id: "b" }, []), "MissingHeader"],
      [json({ task: ["a"], id: "b" }, []), "InvalidHeader"],
      [json({}, "[]"), "UnknownMessage"],
      [json({}, "{}"), "UnknownMessage"],
      [json({}, `"hello"`), "UnknownMessage"],
      [json({}, "{"), "UndecodableBody"],
      [json({}, { task: "a" }), "MissingHeader"],
      [json({}, { task: "a", id: "b", args: {} }), "InvalidBody"],
      [json({}, { task: "a", id: "b", kwargs: [] }), "InvalidBody"]
    ]
    for (const [message, tag] of cases) assert.strictEqual(reason(message)._tag, tag)
    const refused = reason(disallowed)
    assert.isTrue(refused._tag === "UndecodableBody" && refused.cause.reason._tag === "ContentDisallowed")
  })

  it("reads version 1 as version 2", () => {
    const { headers, body } = Result.getOrThrow(TaskMessage.read(json({ mine: 1 }, {
      task: "proj.add",
      id: "t1",
      args: [1, "a"],
      kwargs: { k: null },
      group: "ignored",
      taskset: "g1",
      retries: 2,
      eta: "2026-11-20T23:15:56.922803",
      expires: null,
      utc: true,
      callbacks: [{ task: "cb" }],
      errbacks: null,
      timelimit: [10, null],
      chord: { task: "body" }
    })))
    assert.strictEqual(headers.task, "proj.add")
    assert.strictEqual(headers.group, "g1")
    assert.strictEqual(headers.retries, 2)
    assert.strictEqual(headers.etaMillis, Date.UTC(2026, 10, 20, 23, 15, 56, 923))
    assert.deepStrictEqual(headers.timeLimit, { hard: 10, soft: undefined })
    assert.strictEqual(headers.argsRepr, "(1, 'a')")
    assert.strictEqual(headers.kwargsRepr, "{'k': None}")
    assert.deepStrictEqual(headers.custom, { mine: 1 })
    assert.deepStrictEqual(body, {
      args: [1, "a"],
      kwargs: { k: null },
      embed: { callbacks: [{ task: "cb" }], errbacks: undefined, chain: undefined, chord: { task: "body" } }
    })
  })

  it("reads version 1 with nothing but a name and an id", () => {
    const { headers, body } = Result.getOrThrow(TaskMessage.read(json({}, { task: "a", id: "b" })))
    assert.deepStrictEqual(body.args, [])
    assert.deepStrictEqual(body.kwargs, {})
    assert.strictEqual(headers.rootId, "b")
  })

  it("reads the clock of a version 1 sender that does not use UTC", () => {
    const message = json({}, {
      task: "a",
      id: "b",
      utc: false,
      eta: "2026-07-01T12:00:00",
      expires: "2026-07-01T12:00:00Z"
    })
    const timeZone = DateTime.zoneMakeNamedUnsafe("Europe/Paris")
    const { headers } = Result.getOrThrow(TaskMessage.read(message, { timeZone }))
    assert.strictEqual(headers.etaMillis, Date.UTC(2026, 6, 1, 10))
    assert.strictEqual(headers.expiresMillis, Date.UTC(2026, 6, 1, 12))
    assert.strictEqual(Result.getOrThrow(TaskMessage.read(message)).headers.etaMillis, Date.UTC(2026, 6, 1, 12))
  })

  it("reads a body of version 1 under headers of version 2, and believes the headers", () => {
    const { headers, body } = Result.getOrThrow(TaskMessage.read(json(
      { task: "a", id: "b", retries: 1 },
      { task: "other", id: "other", retries: 5, args: [1], group: "g", errbacks: [{ task: "e" }] }
    )))
    assert.strictEqual(headers.task, "a")
    assert.strictEqual(headers.retries, 1)
    assert.strictEqual(headers.group, "g")
    assert.deepStrictEqual(body.args, [1])
    assert.strictEqual(body.embed.errbacks?.[0]?.task, "e")
  })

  it("writes version 1 for old workers", () => {
    const message = written({
      task: "a",
      id: "b",
      args: [1],
      group: "g",
      groupIndex: 3,
      custom: { mine: 1, task: "no" },
      embed: { callbacks: [{ task: "cb" }] }
    }, { protocol: 1 })
    assert.deepStrictEqual(message.headers, { mine: 1 })
    assert.strictEqual(
      text(message.body),
      `{"task":"a","id":"b","args":[1],"kwargs":{},"group":"g","group_index":3,"retries":0,"eta":null,"expires":null,` +
        `"utc":true,"callbacks":[{"task":"cb"}],"errbacks":null,"timelimit":[null,null],"taskset":"g","chord":null}`
    )
    const { headers, body } = Result.getOrThrow(TaskMessage.read(message))
    assert.strictEqual(headers.groupIndex, 3)
    assert.deepStrictEqual(body.embed.callbacks, [{ task: "cb" }])
  })

  it("reads what it writes, in either version", () => {
    const task = fc.record({
      task: fc.string({ minLength: 1 }),
      id: fc.string({ minLength: 1 }),
      args: fc.array(fc.jsonValue({ maxDepth: 2, noUnicodeString: false })),
      kwargs: fc.dictionary(fc.string().filter((key) => key !== "__type__"), fc.jsonValue({ maxDepth: 1 })),
      retries: fc.nat(),
      group: fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
      eta: fc.option(fc.integer({ min: 0, max: 253_402_300_799_999 }), { nil: undefined })
    })
    fc.assert(fc.property(task, fc.constantFrom<1 | 2>(1, 2), (outgoing, protocol) => {
      const message = Result.getOrThrow(TaskMessage.read(written(outgoing, { protocol })))
      const { task, id, retries, group, etaMillis } = message.headers
      const { args, kwargs } = JSON.parse(JSON.stringify({ args: outgoing.args, kwargs: outgoing.kwargs }))
      assert.deepStrictEqual({
        task,
        id,
        retries,
        group,
        eta: etaMillis,
        args: message.body.args,
        kwargs: message.body.kwargs
      }, {
        ...outgoing,
        args,
        kwargs
      })
    }))
  })

  it("answers whatever bytes it is given, and never throws", () => {
    fc.assert(fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.dictionary(fc.constantFrom("task", "id", "compression", "eta", "x"), fc.anything()),
      fc.constantFrom("application/json", "text/plain", "application/data", "application/x-msgpack", "bogus"),
      (body, headers, contentType) => {
        TaskMessage.read({ body, headers, properties: { contentType } })
        TaskMessage.read({ body, headers: { task: "a", id: "b", ...headers }, properties: { contentType } })
      }
    ))
    fc.assert(fc.property(fc.json(), (body) => {
      TaskMessage.read(json({ task: "a", id: "b" }, body))
      TaskMessage.read(json({}, body))
    }))
  })

  it("carries Python's own types", () => {
    const message = written({
      task: "a",
      id: "b",
      args: [new PythonValue.Uuid({ hex: "0".repeat(31) + "1" }), 2n ** 70n]
    })
    assert.strictEqual(
      message.headers.argsrepr,
      "(UUID('00000000-0000-0000-0000-000000000001'), 1180591620717411303424)"
    )
    assert.deepStrictEqual(Result.getOrThrow(Content.decode(message)), [
      [new PythonValue.Uuid({ hex: "0".repeat(31) + "1" }), 2n ** 70n],
      {},
      { callbacks: null, errbacks: null, chain: null, chord: null }
    ])
  })

  it("is not written without a name and an id", () => {
    const options: ReadonlyArray<TaskMessage.OutgoingTask> = [
      { task: "a", id: "b" },
      // @ts-expect-error a task has an id
      { task: "a" },
      // @ts-expect-error a task has a name
      { id: "b" },
      // @ts-expect-error the wire's names stay on the wire
      { task: "a", id: "b", root_id: "r" }
    ]
    assert.lengthOf(options, 4)
  })

  it("has headers only when it is of version 2", () => {
    const headersOf = (identity: TaskMessage.Identity) => {
      // @ts-expect-error version 1 has none
      void identity.headers
      return identity.version === 2 ? identity.headers.task : undefined
    }
    assert.isUndefined(headersOf({ version: 1 }))
  })
})
