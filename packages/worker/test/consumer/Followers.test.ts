import type { Message } from "@celeriac/messaging/Message"
import { Undecodable } from "@celeriac/messaging/MessagingError"
import * as Task from "@celeriac/tasks/Task"
import * as Followers from "@celeriac/worker/trace/Followers"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as fc from "fast-check"
import { gzipSync } from "node:zlib"
import { bytes, define, inject, json, quiet, running, settled, SlowStore, taskMessage } from "../support.ts"

const echo = Task.make("proj.echo", { parameters: { value: Schema.Unknown }, success: Schema.Unknown })
const EchoLive = echo.toLayer(({ value }) => Effect.succeed(value))

const sign = (id: string, options: object = {}, task = "proj.echo", kwargs: object = {}) => ({
  task,
  args: [],
  kwargs,
  options: { task_id: id, reply_to: "client", ...options },
  subtask_type: null,
  immutable: false
})

const embed = {
  callbacks: [sign("callback")],
  errbacks: null,
  chain: [sign("last"), sign("next", { ignore_result: true, link: [sign("linked")] })],
  chord: sign("body")
}
const waitedFor = ["callback", "last", "linked", "body"]

const stampless = { ...sign("stampless"), options: { stamped_headers: "no list" } }

const head = (headers: object = {}, body: unknown = [[1], {}, embed]): Message => {
  const good = taskMessage({ task: "proj.echo", id: "head" })
  return { ...good, headers: { ...good.headers, ...headers }, body: bytes(JSON.stringify(body)) }
}

const versionOne = (fields: object): Message => ({
  headers: {},
  properties: json,
  body: bytes(JSON.stringify({ task: "proj.echo", id: "head", ...embed, chain: undefined, ...fields }))
})

describe("a task that ends without running, and others were to follow it", () => {
  const ways: ReadonlyArray<
    { readonly name: string; readonly message: Message; readonly ids?: ReadonlyArray<string>; readonly head?: string }
  > = [
    { name: "it is refused for what follows", message: head({}, [[1], {}, { ...embed, errbacks: [stampless] }]) },
    { name: "nobody knows its name", message: head({ task: "proj.gone" }) },
    { name: "it has expired", message: head({ expires: "1969-12-31T00:00:00+00:00" }), head: "REVOKED head" },
    {
      name: "it has expired, and nobody wants its result",
      message: head({ expires: "1969-12-31T00:00:00+00:00", ignore_result: true }),
      head: ""
    },
    { name: "its headers make no sense", message: head({ retries: "many" }) },
    { name: "it has no id", message: head({ id: undefined }), head: "" },
    { name: "its arguments make no sense", message: head({}, [1, [], embed]) },
    {
      name: "some of what follows makes no sense",
      message: head({}, [[], {}, { ...embed, chain: [...embed.chain, { task: 7 }] }])
    },
    {
      name: "its body is compressed",
      message: {
        ...head({ task: "proj.gone", compression: "application/x-gzip" }),
        body: gzipSync(JSON.stringify([[], {}, embed]))
      }
    },
    {
      name: "it is of version 1, and nobody knows its name",
      message: versionOne({ task: "proj.gone" }),
      ids: ["callback", "body"]
    },
    {
      name: "it is of version 1, and its arguments make no sense",
      message: versionOne({ args: "1" }),
      ids: ["callback", "body"]
    }
  ]
  for (const { head = "FAILURE head", ids = waitedFor, message, name } of ways) {
    it.effect(`is a failure for each of them, once: ${name}`, () => {
      const store = new SlowStore()
      store.refuse(undefined)
      return Effect.gen(function*() {
        yield* inject(message)
        yield* settled
        assert.deepStrictEqual(
          store.stored.toSorted(),
          [...ids.map((id) => `FAILURE ${id}`), head].filter(Boolean).toSorted()
        )
      }).pipe(
        Effect.provide(running(define({ tasks: [EchoLive], concurrency: 1 }), store.layer)),
        Effect.provide(quiet)
      )
    })
  }

  it.effect("though not all of its message arrived, as far as that can be read", () =>
    Effect.sync(() => {
      const damaged = { ...head({ id: undefined, task: undefined }), defect: new Undecodable({ detail: "cut off" }) }
      assert.deepStrictEqual(Followers.ofMessage(damaged, {}, true).followers.map(({ id }) => id), waitedFor)
      const cut = { ...damaged, body: damaged.body.subarray(0, -1) }
      assert.deepStrictEqual(Followers.ofMessage(cut, {}, true).followers, [])
    }))
})

describe("what follows a task", () => {
  /** Workflows, each with the ids that somebody can wait for. */
  interface Drawn {
    readonly signature: object
    readonly ids: ReadonlyArray<string>
  }
  const id = fc.string({ minLength: 1, maxLength: 6 })
  const plain = fc.record({ id, ignored: fc.boolean() }).map(({ id, ignored }): Drawn => ({
    signature: sign(id, { ignore_result: ignored }),
    ids: ignored ? [] : [id]
  }))
  const all = (drawn: ReadonlyArray<Drawn>) => drawn.map(({ signature }) => signature)
  const idsOf = (drawn: ReadonlyArray<Drawn>) => drawn.flatMap(({ ids }) => ids)
  const { workflow } = fc.letrec<{ workflow: Drawn; several: ReadonlyArray<Drawn> }>((tie) => ({
    several: fc.array(tie("workflow"), { maxLength: 3 }),
    workflow: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      plain,
      fc.record({ id, parts: tie("several") }).map(({ id, parts }): Drawn => ({
        signature: sign(id, {}, "celery.group", { tasks: all(parts) }),
        ids: idsOf(parts)
      })),
      fc.record({ id, parts: tie("several") }).map(({ id, parts }): Drawn => ({
        signature: sign(id, {}, "celery.chain", { tasks: all(parts) }),
        ids: [id, ...idsOf(parts)]
      })),
      fc.record({ id, header: tie("several"), body: tie("workflow") }).map(({ body, header, id }): Drawn => ({
        signature: sign(id, {}, "celery.chord", { header: all(header), body: body.signature }),
        ids: [id, ...idsOf(header), ...body.ids]
      })),
      fc.record({ id, next: tie("several") }).map(({ id, next }): Drawn => ({
        signature: sign(id, { link: all(next) }),
        ids: [id, ...idsOf(next)]
      }))
    )
  }))

  it("is found however it is built, each once, and nothing else is", () => {
    fc.assert(fc.property(fc.array(workflow, { maxLength: 4 }), fc.jsonValue(), (drawn, args) => {
      const found = Followers.ofMessage(head({}, [[args], {}, { chain: all(drawn) }]), {}, true).followers
      assert.deepStrictEqual(found.map(({ id }) => id).toSorted(), [...new Set(idsOf(drawn))].toSorted())
    }))
  })

  it("is nothing in whatever else a body holds", () => {
    fc.assert(fc.property(fc.jsonValue(), fc.uint8Array(), (value, body) => {
      assert.deepStrictEqual(Followers.ofMessage(head({}, value), {}, true).followers, [])
      assert.deepStrictEqual(Followers.ofMessage({ headers: {}, properties: json, body }, {}, true).followers, [])
    }))
  })
})
