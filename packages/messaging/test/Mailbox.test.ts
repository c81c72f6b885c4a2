import * as Entity from "@celeriac/messaging/Entity"
import * as LogicalClock from "@celeriac/messaging/LogicalClock"
import * as Mailbox from "@celeriac/messaging/Mailbox"
import * as MailboxClient from "@celeriac/messaging/MailboxClient"
import * as MailboxNode from "@celeriac/messaging/MailboxNode"
import type { Headers, Message } from "@celeriac/messaging/Message"
import * as Topology from "@celeriac/messaging/Topology"
import { Transport } from "@celeriac/messaging/Transport"
import { MemoryBroker } from "@celeriac/messaging/transports/MemoryBroker"
import * as MemoryTransport from "@celeriac/messaging/transports/MemoryTransport"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as fc from "fast-check"

const json = (body: unknown, headers: Headers = {}): Message => ({
  body: new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body)),
  headers,
  properties: { contentType: "application/json", contentEncoding: "utf-8" }
})

const channel = Effect.gen(function*() {
  const connection = yield* (yield* Transport).connect()
  return yield* connection.openChannel()
})

interface Asked {
  readonly requests: Array<Mailbox.Request>
  readonly ignored: Array<string>
  readonly clock: LogicalClock.LogicalClock["Service"]
  readonly isDuplicate: boolean
}

/** A node that replies with its own name, or with what the method says. */
const node = Effect.fnUntraced(function*(nodename: string, options: Mailbox.Options = {}) {
  const requests: Array<Mailbox.Request> = []
  const ignored: Array<string> = []
  const clock = LogicalClock.make()
  const { isDuplicate } = yield* MailboxNode.listen(yield* channel, {
    mailbox: yield* Mailbox.make(options),
    nodename,
    clock,
    onRequest: (request, reply) => {
      requests.push(request)
      if (request.method === "throw") throw new Error("broken")
      if (request.method === "cycle") {
        const cycle: { self?: unknown } = {}
        cycle.self = cycle
        reply(cycle)
      } else if (request.method !== "silent") reply({ ok: nodename })
    },
    onIgnored: (why) => ignored.push(why)
  })
  const asked: Asked = { requests, ignored, clock, isDuplicate }
  return asked
})

const client = Effect.gen(function*() {
  return yield* MailboxClient.make({ mailbox: yield* Mailbox.make(), clock: LogicalClock.make() })
})

/** The broker goes on with a turn of Node's. */
const turn = Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void)))

/** All replies, with time to wait for those that do not come. */
const all = Effect.fnUntraced(function*<E>(replies: Stream.Stream<Mailbox.Reply, E>) {
  const fiber = yield* Effect.forkChild(Stream.runCollect(replies))
  while (fiber.pollUnsafe() === undefined) {
    yield* turn
    yield* TestClock.adjust("500 millis")
  }
  const collected = yield* Fiber.join(fiber)
  return Object.fromEntries(collected.map(({ node, value }) => [node, value]))
})

/** Straight to the exchange, past the client. */
const publish = Effect.fnUntraced(function*(message: Message) {
  const mailbox = yield* Mailbox.make()
  yield* (yield* channel).publish(message, { exchange: mailbox.exchange.name, routingKey: "" })
})

const test = (name: string, effect: Effect.Effect<void, unknown, Transport | import("effect/Scope").Scope>) =>
  it.effect(name, () => effect.pipe(Effect.scoped, Effect.provide(MemoryTransport.layer())))

describe("a mailbox", () => {
  test(
    "hands out the last reply too, whenever it comes",
    Effect.gen(function*() {
      const late: Array<() => void> = []
      yield* MailboxNode.listen(yield* channel, {
        mailbox: yield* Mailbox.make(),
        nodename: "a@host",
        clock: LogicalClock.make(),
        onRequest: (_request, reply) => late.push(() => reply({ ok: "late" })),
        onIgnored: () => {}
      })
      const { ask } = yield* client
      const asking = yield* Effect.forkChild(Stream.runCollect(ask("ping", {}, { limit: 1 })))
      while (late.length === 0) yield* turn
      for (let i = 0; i < 10; i++) yield* turn
      for (const reply of late) reply()
      assert.deepStrictEqual(yield* Fiber.join(asking), [{ node: "a@host", value: { ok: "late" } }])
    })
  )

  test(
    "is declared as Kombu 5.7 declares it",
    Effect.gen(function*() {
      const mailbox = yield* Mailbox.make()
      assert.strictEqual(
        Topology.render(Topology.make({ queues: [mailbox.queueOf("celery@host"), mailbox.replyQueueOf("oid")] })),
        [
          "exchange celery.pidbox (fanout, transient)",
          "queue celery@host.celery.pidbox (transient, exclusive, auto-delete, x-expires=10000, x-message-ttl=300000)",
          "binding celery@host.celery.pidbox <- celery.pidbox ''",
          "exchange reply.celery.pidbox (direct, transient)",
          "queue oid.reply.celery.pidbox (transient, exclusive, auto-delete, x-expires=10000, x-message-ttl=300000)",
          "binding oid.reply.celery.pidbox <- reply.celery.pidbox 'oid'"
        ].join("\n")
      )
      const durable = yield* Mailbox.make({ namespace: "other", queueDurable: true, queueExclusive: false })
      assert.strictEqual(
        Topology.render(Topology.make({ queues: [durable.queueOf("a@b")] })).split("\n")[1],
        "queue a@b.other.pidbox (durable, x-expires=10000, x-message-ttl=300000)"
      )
      const both = yield* Effect.flip(Mailbox.make({ queueDurable: true }))
      assert.match(both.message, /cannot be exclusive and durable/)
    })
  )

  test(
    "asks all nodes, those that are named, or those that a pattern fits",
    Effect.gen(function*() {
      yield* node("a@host")
      yield* node("b@host")
      const { ask } = yield* client
      const a = { "a@host": { ok: "a@host" } }
      const both = { ...a, "b@host": { ok: "b@host" } }
      assert.deepStrictEqual(yield* all(ask("ping", {})), both)
      assert.deepStrictEqual(yield* all(ask("ping", {}, { destination: [] })), both)
      assert.deepStrictEqual(yield* all(ask("ping", {}, { destination: ["a@host", "nobody@host"] })), a)
      assert.deepStrictEqual(yield* all(ask("ping", {}, { pattern: "a@*" })), a)
      assert.deepStrictEqual(yield* all(ask("ping", {}, { pattern: "[ab]@", matcher: "pcre" })), both)
      assert.deepStrictEqual(yield* all(ask("ping", {}, { limit: 1 })).pipe(Effect.map(Object.keys)), ["a@host"])
    })
  )

  test(
    "knows at once that nobody is there, and when as many have replied as were named",
    Effect.gen(function*() {
      const { ask, cast } = yield* client
      assert.deepStrictEqual(yield* Stream.runCollect(ask("ping", {})), [])
      assert.isFalse(yield* cast("ping", {}))
      yield* node("a@host")
      assert.isTrue(yield* cast("ping", {}))
      const replies = yield* Stream.runCollect(ask("ping", {}, { destination: ["a@host"] }))
      assert.deepStrictEqual(replies, [{ node: "a@host", value: { ok: "a@host" } }])
    })
  )

  test(
    "waits for each reply anew",
    Effect.gen(function*() {
      yield* node("a@host")
      const { mailbox, ticket } = { mailbox: yield* Mailbox.make(), ticket: "t" }
      const { collect, request } = yield* client
      const { requests } = yield* node("b@host")
      yield* request("silent", {}, ticket)
      const replying = yield* channel
      const fiber = yield* Effect.forkChild(Stream.runCollect(collect(ticket, { timeout: "1 second" })))
      for (const name of ["c@host", "d@host", "e@host"]) {
        yield* TestClock.adjust("900 millis")
        yield* replying.publish(json({ [name]: 1 }, { ticket }), {
          exchange: mailbox.replyExchange.name,
          routingKey: requests[0]?.replyTo ?? ""
        })
      }
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual((yield* Fiber.join(fiber)).map(({ node }) => node), ["c@host", "d@host", "e@host"])
    })
  )

  test(
    "keeps replies that come before anybody collects them, and hands them out once",
    Effect.gen(function*() {
      yield* node("a@host")
      const { collect, request } = yield* client
      yield* request("ping", {}, "early")
      yield* turn
      assert.deepStrictEqual(yield* all(collect("early")), { "a@host": { ok: "a@host" } })
      assert.deepStrictEqual(yield* all(collect("early")), {})
    })
  )

  test(
    "writes requests and replies as Kombu does",
    Effect.gen(function*() {
      const tap = yield* channel
      const mailbox = yield* Mailbox.make()
      yield* Topology.declareQueue(tap, Entity.queue("tap", { exchange: mailbox.exchange }))
      yield* Topology.declareQueue(tap, Entity.queue("replies", { exchange: mailbox.replyExchange, routingKey: "me" }))
      yield* node("a@host")
      const { cast } = yield* client
      yield* TestClock.setTime(1_000_500)
      yield* cast("ping", { a: 1 }, { pattern: "a*", timeout: "1 second" })
      const sent = Option.getOrThrow(yield* tap.get("tap", { noAck: true }))
      assert.deepStrictEqual(JSON.parse(new TextDecoder().decode(sent.body)), {
        method: "ping",
        arguments: { a: 1 },
        destination: null,
        pattern: "a*",
        matcher: "glob"
      })
      assert.deepStrictEqual({ ...sent.headers }, { clock: 1, expires: 1001.5 })
      const captured = "{\"method\":\"ping\",\"arguments\":{},\"destination\":null,\"pattern\":null,\"matcher\":null," +
        "\"ticket\":\"e5d1\",\"reply_to\":{\"exchange\":\"reply.celery.pidbox\",\"routing_key\":\"me\"}}"
      yield* publish(json(captured, { clock: 41, expires: 0 }))
      const reply = Option.getOrThrow(yield* tap.get("replies", { noAck: true }))
      assert.strictEqual(new TextDecoder().decode(reply.body).replaceAll(" ", ""), "{\"a@host\":{\"ok\":\"a@host\"}}")
      assert.deepStrictEqual([reply.headers["ticket"], reply.properties.deliveryMode], ["e5d1", 1])
      assert.isAbove(Number(reply.headers["clock"]), 41)
    })
  )

  test(
    "ignores a request that is past its time, and says so",
    Effect.gen(function*() {
      const { clock, ignored, requests } = yield* node("a@host")
      yield* TestClock.setTime(1_000_000)
      yield* publish(json({ method: "shutdown" }, { expires: 999.5, clock: 7 }))
      assert.deepStrictEqual([requests, ignored.length], [[], 1])
      assert.match(ignored[0] ?? "", /shutdown expired 0\.500 s ago/)
      assert.isAtLeast(clock.value(), 8)
      yield* publish(json({ method: "shutdown" }, { expires: 1000.5 }))
      assert.strictEqual(requests.length, 1)
    })
  )

  test(
    "sends no reply to anywhere but its own exchange",
    Effect.gen(function*() {
      const { ignored, requests } = yield* node("a@host")
      yield* publish(json({ method: "ping", reply_to: { exchange: "", routing_key: "celery" } }))
      assert.deepStrictEqual([requests, ignored], [[], [
        "it wants its reply elsewhere than in exchange 'reply.celery.pidbox'"
      ]])
    })
  )

  test(
    "goes on when its owner throws, or says what cannot be written",
    Effect.gen(function*() {
      yield* node("a@host")
      const { ask } = yield* client
      assert.deepStrictEqual(yield* all(ask("throw", {})), { "a@host": { error: "RuntimeError('the command broke')" } })
      assert.deepStrictEqual(yield* all(ask("cycle", {})), {
        "a@host": { error: "EncodeError('the reply could not be written')" }
      })
      assert.deepStrictEqual(yield* all(ask("ping", {})), { "a@host": { ok: "a@host" } })
    })
  )

  test(
    "tells a second node of one name, where queues are not exclusive; else the queue is locked",
    Effect.gen(function*() {
      const shared = { namespace: "shared", queueExclusive: false }
      assert.isFalse((yield* node("a@host", shared)).isDuplicate)
      assert.isTrue((yield* node("a@host", shared)).isDuplicate)
      yield* node("a@host")
      const locked = yield* Effect.flip(node("a@host"))
      assert.strictEqual(locked.reason._tag, "PreconditionFailed")
    })
  )

  it.effect("is told of a connection that is lost before the queue of replies is there", () =>
    Effect.gen(function*() {
      const { faults } = yield* MemoryBroker
      const transport = yield* Transport
      const declaring = yield* Latch.make()
      const slow = Transport.of({
        ...transport,
        connect: (options) =>
          Effect.map(transport.connect(options), (connection) => ({
            ...connection,
            openChannel: () =>
              Effect.map(connection.openChannel(), (channel) => ({
                ...channel,
                declareQueue: () => Effect.andThen(declaring.open, Effect.never)
              }))
          }))
      })
      const { ask } = yield* Effect.provideService(client, Transport, slow)
      const asking = yield* Effect.forkChild(Effect.flip(Stream.runCollect(ask("ping", {}))))
      yield* declaring.await
      faults.dropConnections("cable cut")
      const { reason } = yield* Fiber.join(asking)
      assert.deepInclude(reason, { _tag: "ConnectionLost", detail: "cable cut" })
    }).pipe(Effect.scoped, Effect.provide(MemoryTransport.layer())))

  it.effect("answers well after any message at all", () => {
    const values = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom("__proto__", "constructor", Number.MAX_VALUE, -1, true, [[]], { a: null }, "a@host", ["a@host"])
    )
    const bodies = fc.oneof(
      fc.jsonValue().map((value) => JSON.stringify(value)),
      fc.string(),
      fc.record({
        method: values,
        arguments: values,
        destination: values,
        pattern: values,
        matcher: fc.oneof(values, fc.constantFrom("glob", "pcre")),
        ticket: values,
        reply_to: fc.oneof(
          values,
          fc.record({ exchange: fc.oneof(values, fc.constant("reply.celery.pidbox")), routing_key: values })
        )
      }, { requiredKeys: [] }).map((value) => JSON.stringify(value))
    )
    const headers = fc.record({ clock: values, expires: values, ticket: values, compression: values }, {
      requiredKeys: []
    })
    return Effect.gen(function*() {
      yield* node("a@host")
      const { ask } = yield* client
      const sending = yield* channel
      const mailbox = yield* Mailbox.make()
      const samples = fc.sample(fc.tuple(bodies, headers, fc.boolean()), 500)
      for (const [body, headers, isReply] of samples) {
        const exchange = isReply ? mailbox.replyExchange.name : mailbox.exchange.name
        const table = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== null))
        yield* sending.publish(json(body, table), { exchange, routingKey: "" }, { mandatory: false })
      }
      const replies = yield* Stream.runCollect(ask("ping", {}, { destination: ["a@host"] }))
      assert.deepStrictEqual(replies, [{ node: "a@host", value: { ok: "a@host" } }])
    }).pipe(Effect.scoped, Effect.provide(MemoryTransport.layer()))
  })
})
