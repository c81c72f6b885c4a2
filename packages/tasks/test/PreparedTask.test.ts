import * as Entity from "@celeriac/messaging/Entity"
import type { Delivery } from "@celeriac/messaging/Message"
import * as Client from "@celeriac/tasks/Client"
import * as PreparedTask from "@celeriac/tasks/PreparedTask"
import * as Queues from "@celeriac/tasks/Queues"
import * as Task from "@celeriac/tasks/Task"
import * as TaskRegistry from "@celeriac/tasks/TaskRegistry"
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { bodyOf, rpc, take, workOnce } from "./fixtures/broker.ts"

const add = Task.make("proj.add", { parameters: { x: Schema.Int, y: Schema.Int }, success: Schema.Int })
const handlers = Layer.provideMerge(add.toLayer(({ x, y }) => Effect.succeed(x + y)), TaskRegistry.layer)

const broken = <A>(effect: Effect.Effect<A, Client.SendError>) =>
  Effect.map(Effect.flip(effect), (error) => ({ tag: error.reason._tag, message: error.message }))

/** All of a message that another one of the same call has too. */
const seen = ({ body, exchange, headers, properties, routingKey }: Delivery) => ({
  body: Buffer.from(body).toString(),
  exchange,
  headers,
  properties,
  routingKey
})

describe("a task that was prepared", () => {
  it.effect("is sent as it would have been at once", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const call = { taskId: "one", headers: { tenant: "a" }, priority: 3, shadow: "sum", expires: "1 hour" } as const
      yield* client.applyAsync(add, [1, 2], call)
      const atOnce = seen(yield* take("celery"))
      const prepared = yield* client.prepare(add, [1, 2], call)
      yield* client.send(prepared)
      assert.deepStrictEqual(seen(yield* take("celery")), atOnce)
      yield* client.send(Result.getOrThrow(PreparedTask.decode(PreparedTask.encode(prepared))))
      assert.deepStrictEqual(seen(yield* take("celery")), atOnce)
    }).pipe(Effect.provide(rpc)))

  it.effect("needs no broker until it is sent, and its result comes to whoever sends it", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const prepared = yield* client.prepare(add, { x: 2, y: 3 })
      expectTypeOf(prepared).toEqualTypeOf<PreparedTask.PreparedTask<number, never>>()
      assert.strictEqual(prepared.message.properties.replyTo, "")
      const sent = yield* client.send(prepared)
      assert.strictEqual(sent.id, prepared.id)
      yield* workOnce("celery")
      assert.strictEqual(yield* sent.get({ timeout: "1 second" }), 5)
    }).pipe(Effect.provide(Layer.merge(rpc, handlers))))

  it.effect("waits at the broker no longer than it has left when it is sent", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const prepared = yield* client.prepare(add, [1, 2], { expires: "1 minute" })
      yield* TestClock.adjust("45 seconds")
      yield* client.send(prepared)
      const sent = yield* take("celery")
      assert.strictEqual(sent.properties.expiration, "15000")
      assert.strictEqual(sent.headers.expires, "1970-01-01T00:01:00+00:00")
      yield* TestClock.adjust("1 minute")
      yield* client.send(prepared)
      assert.isTrue(Exit.isFailure(yield* Effect.exit(take("celery"))), "it has expired: the broker drops it")
    }).pipe(Effect.provide(rpc)))

  it.effect("goes to the queue that it was prepared for, by name or through its exchange", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const byName = yield* client.prepareTask("proj.any", { queue: "slow", args: [1] })
      const through = yield* client.prepareTask("proj.any", { queue: "topics" })
      assert.deepStrictEqual(byName.to, { queue: "slow" })
      assert.deepStrictEqual(through.to, { queue: "topics", exchange: "topics", routingKey: "a.b" })
      for (const { queue, prepared } of [{ queue: "slow", prepared: byName }, { queue: "topics", prepared: through }]) {
        yield* client.send(Result.getOrThrow(PreparedTask.decode(PreparedTask.encode(prepared))))
        assert.strictEqual((yield* take(queue)).headers.task, "proj.any")
      }
    }).pipe(
      Effect.provide(rpc),
      Effect.provideService(Queues.Configured, [
        Entity.queue("celery", { exchange: Entity.exchange("celery"), routingKey: "celery" }),
        Entity.queue("topics", { exchange: Entity.exchange("topics", { type: "topic" }), routingKey: "a.b" })
      ])
    ))

  it.effect("is refused as a call is, before anything is sent", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      assert.strictEqual((yield* broken(client.prepare(add, { x: 1.5, y: 2 }))).tag, "InvalidArguments")
      assert.strictEqual((yield* broken(client.prepareTask(""))).tag, "InvalidOption")
      assert.strictEqual((yield* broken(client.prepareTask("proj.any", { priority: 999 }))).tag, "InvalidOption")
    }).pipe(Effect.provide(rpc)))

  it("is text that comes back as it was, whatever its body is", () =>
    fc.assert(fc.property(
      fc.uint8Array(),
      fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null))),
      (body, headers) => {
        const prepared: PreparedTask.PreparedTask = {
          id: "one",
          task: "proj.any",
          to: { queue: "celery" },
          message: { body, headers, properties: { deliveryMode: 2, priority: 0 } },
          eta: undefined,
          expires: 1,
          ignoreResult: false,
          outcome: { decodeSuccess: Result.succeed } as never
        }
        const { message, outcome: _, ...rest } = Result.getOrThrow(PreparedTask.decode(PreparedTask.encode(prepared)))
        const { message: expected, outcome: __, ...others } = prepared
        assert.deepStrictEqual({ ...rest, eta: rest.eta }, others)
        assert.deepStrictEqual(Buffer.from(message.body), Buffer.from(expected.body))
        assert.deepStrictEqual(Object.entries(message.headers), Object.entries(expected.headers))
        assert.deepStrictEqual({ ...message.properties }, expected.properties)
      }
    )))

  it("is refused as text that it never was, with what is wrong", () => {
    for (const text of ["", "{", "null", "[]", "{\"id\":\"one\"}", "{\"id\":1,\"task\":\"t\"}"]) {
      const read = PreparedTask.decode(text)
      assert.isTrue(Result.isFailure(read), text)
      if (Result.isFailure(read)) assert.match(read.failure.message, /^decode: this is no task as PreparedTask.encode/)
    }
    fc.assert(fc.property(fc.jsonValue(), (value) => {
      assert.isTrue(Result.isFailure(PreparedTask.decode(JSON.stringify(value))))
    }))
  })
})

describe("many calls in one go", () => {
  it.effect("are sent in their order, each with its own id", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const sent = yield* client.applyMany(add, [[1, 1], { x: 2, y: 2 }, [3, 3]], { priority: 2 })
      const came = yield* Effect.forEach(sent, () => take("celery"))
      assert.deepStrictEqual(came.map(({ headers }) => headers.id), sent.map(({ id }) => id))
      assert.strictEqual(new Set(sent.map(({ id }) => id)).size, 3)
      assert.deepStrictEqual(came.map((one) => (bodyOf(one) as ReadonlyArray<unknown>)[0]), [[1, 1], [], [3, 3]])
      assert.deepStrictEqual(came.map(({ properties }) => properties.priority), [2, 2, 2])
    }).pipe(Effect.provide(rpc)))

  it.effect("are sent all or, when one makes no sense, not at all", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const error = yield* broken(client.applyMany(add, [[1, 1], [1, 0.5]]))
      assert.strictEqual(error.tag, "InvalidArguments")
      yield* client.delay(add, [4, 4])
      const first = yield* take("celery")
      assert.include(Buffer.from(first.body).toString(), "[[4,4]")
    }).pipe(Effect.provide(rpc)))
})

describe("the options of a call", () => {
  it.effect("bound the run, say what is shown of the arguments, and where the result goes", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const sent = yield* client.applyAsync(add, [1, 2], {
        timeLimit: "30 seconds",
        softTimeLimit: "2500 millis",
        argsRepr: "('***',)",
        kwargsRepr: "{}",
        replyTo: "elsewhere"
      })
      const { headers, properties } = yield* take("celery")
      assert.deepStrictEqual(headers.timelimit, [30, 2.5])
      assert.deepStrictEqual([headers.argsrepr, headers.kwargsrepr], ["('***',)", "{}"])
      assert.strictEqual(properties.replyTo, "elsewhere")
      const waiting = yield* Effect.forkChild(Effect.flip(sent.get()))
      assert.match(String((yield* Fiber.join(waiting)).message), /result/)
    }).pipe(Effect.provide(rpc)))

  it.effect("are refused when their limits make no sense", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const refused = (call: Client.NamedCall) =>
        Effect.map(broken(client.sendTask("proj.any", call)), ({ message }) => message)
      assert.include(yield* refused({ timeLimit: 0 }), "option 'timeLimit': a time above 0 that ends")
      assert.include(yield* refused({ softTimeLimit: Infinity }), "option 'softTimeLimit'")
      assert.include(yield* refused({ timeLimit: "1 second", softTimeLimit: "2 seconds" }), "longer than timeLimit")
    }).pipe(Effect.provide(rpc)))
})
