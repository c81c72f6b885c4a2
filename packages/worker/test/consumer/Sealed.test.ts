/** Messages that are signed: what is sealed anew by whoever sends it, and what of all the rest does not run. */
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import type { Message } from "@celeriac/messaging/Message"
import { header } from "@celeriac/messaging/security/Seal"
import { MemoryBroker } from "@celeriac/messaging/transports/MemoryBroker"
import * as Client from "@celeriac/tasks/Client"
import * as EventSettings from "@celeriac/tasks/event/EventSettings"
import * as Signature from "@celeriac/tasks/Signature"
import * as Task from "@celeriac/tasks/Task"
import { Gossip, type Gossiping } from "@celeriac/worker/consumer/Gossip"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import { signed } from "../signed.ts"
import {
  counts,
  define,
  digGraveyard,
  drain,
  inject,
  Lines,
  lookup,
  publish,
  quiet,
  settled,
  surroundings,
  taskMessage
} from "../support.ts"

const add = Task.make("add", { parameters: { x: Schema.Int, y: Schema.Int }, success: Schema.Int })
const flaky = Task.make("flaky", { parameters: {}, success: Schema.Int, options: { maxRetries: 3 } })

const world = surroundings().pipe(Layer.provideMerge(signed), Layer.provideMerge(quiet))

/** A worker that notes what it runs. */
const worker = (ran: Array<string>, nodename = "celery@test") =>
  define({
    nodename,
    tasks: [
      add.toLayer(({ x, y }, { id }) => Effect.sync(() => (ran.push(id), x + y))),
      flaky.toLayer((_, { id, retries }) =>
        Effect.suspend(() => {
          ran.push(`${id} ${retries}`)
          return retries < 2 ? Task.retry({ countdown: "1 minute" }) : Effect.succeed(retries)
        })
      )
    ]
  }).layer

/** Sent, and taken out of its queue again. */
const recorded = (id: string) =>
  Effect.gen(function*() {
    const client = yield* Client.Client
    yield* client.applyAsync(add, { x: 2, y: 3 }, { taskId: id, queue: "aside" })
    const [message] = yield* drain("aside")
    return message!
  })

const withHeaders = (message: Message, headers: Message["headers"]): Message => ({
  ...message,
  headers: { ...message.headers, ...headers }
})

describe("a worker whose messages are signed", () => {
  it.effect("runs what is signed: its retries, what has an ETA, and what follows", () => {
    const ran: Array<string> = []
    return Effect.gen(function*() {
      yield* Layer.build(worker(ran))
      const client = yield* Client.Client
      const retried = yield* client.applyAsync(flaky, {}, { taskId: "retried" })
      const later = yield* client.applyAsync(add, { x: 1, y: 1 }, { countdown: "2 hours", taskId: "later" })
      const first = yield* client.applyAsync(add, { x: 1, y: 1 }, {
        taskId: "first",
        link: Signature.make("add", { kwargs: { y: 40 }, taskId: "second" })
      })
      for (let minute = 0; minute < 3; minute++) {
        yield* settled
        yield* TestClock.adjust("1 minute")
      }
      yield* settled
      assert.strictEqual(yield* retried.get(), 2)
      assert.strictEqual(yield* first.get(), 2)
      assert.strictEqual((yield* lookup("second"))?.result, 42)
      yield* TestClock.adjust("2 hours")
      yield* settled
      assert.strictEqual(yield* later.get(), 2)
      assert.deepStrictEqual(ran.toSorted(), ["first", "later", "retried 0", "retried 1", "retried 2", "second"])
      assert.deepStrictEqual(yield* counts(), [0, 0])
    }).pipe(Effect.provide(world))
  })

  it.effect("runs what was prepared long ago and is sent now", () => {
    const ran: Array<string> = []
    return Effect.gen(function*() {
      yield* Layer.build(worker(ran))
      const client = yield* Client.Client
      const prepared = yield* client.prepare(add, { x: 2, y: 3 })
      assert.notProperty(prepared.message.headers, header)
      yield* TestClock.adjust("2 hours")
      const sent = yield* client.send(prepared)
      yield* settled
      assert.strictEqual(yield* sent.get(), 5)
    }).pipe(Effect.provide(world))
  })

  it.effect("rejects what was changed or is not signed, and stores a FAILURE that says so", () => {
    const ran: Array<string> = []
    return Effect.gen(function*() {
      yield* digGraveyard
      yield* Layer.build(worker(ran))
      const message = yield* recorded("genuine")
      const { [header]: _, ...bare } = message.headers
      yield* inject(withHeaders(message, { id: "renamed" }))
      yield* inject({ ...message, headers: { ...bare, id: "bare" } })
      yield* inject({ ...message, headers: { ...message.headers, id: "body" }, body: Buffer.from("AAAA") })
      yield* publish(taskMessage({ task: "add", id: "plain", args: [1, 1] }))
      yield* settled
      const why = (id: string) =>
        Effect.map(lookup(id), (record) => `${record?.status} ${JSON.stringify(record?.exception)}`)
      assert.match(yield* why("renamed"), /^FAILURE .*Bad signature of 'own 1'/)
      assert.match(yield* why("bare"), /^FAILURE .*was taken away/)
      assert.match(yield* why("body"), /^FAILURE .*signed body has/)
      assert.match(yield* why("plain"), /^FAILURE .*untrusted content of type json/)
      assert.deepStrictEqual(ran, [])
      assert.lengthOf(yield* drain("graveyard"), 4)
      yield* inject(message)
      yield* settled
      assert.deepStrictEqual(ran, ["genuine"])
    }).pipe(Effect.provide(world))
  })

  it.effect("rejects copies, and says nothing about the task that they are of", () => {
    const ran: Array<string> = []
    return Effect.gen(function*() {
      yield* digGraveyard
      yield* Layer.build(worker(ran))
      const message = yield* recorded("once")
      for (let copy = 0; copy < 5; copy++) yield* inject(message)
      yield* settled
      assert.deepStrictEqual(ran, ["once"])
      assert.strictEqual((yield* lookup("once"))?.status, "SUCCESS")
      assert.lengthOf(yield* drain("graveyard"), 4)
    }).pipe(Effect.provide(world))
  })

  it.effect("does not run a copy of what another worker has run, where results are kept", () => {
    const ran: Array<string> = []
    return Effect.gen(function*() {
      const message = yield* recorded("elsewhere")
      const life = (name: string) =>
        Effect.scoped(Effect.gen(function*() {
          // Its own memory, as another process has it.
          yield* Layer.build(Layer.provide(worker(ran, name), Layer.fresh(signed)))
          yield* inject(message)
          yield* settled
        }))
      yield* life("one@test")
      yield* life("other@test")
      assert.deepStrictEqual(ran, ["elsewhere"])
      assert.deepStrictEqual(yield* counts(), [0, 0])
    }).pipe(Effect.provide(world))
  })

  it.effect("runs what the broker hands out again after a connection was lost", () => {
    const ran: Array<string> = []
    return Effect.gen(function*() {
      yield* Layer.build(worker(ran))
      const client = yield* Client.Client
      yield* client.applyAsync(add, { x: 1, y: 1 }, { countdown: "1 minute", taskId: "held" })
      yield* settled
      const { faults } = yield* MemoryBroker
      faults.dropConnections("the plug was pulled", ({ name }) => name === "celery@test")
      yield* settled
      yield* TestClock.adjust("10 seconds")
      yield* settled
      yield* TestClock.adjust("1 minute")
      yield* settled
      assert.deepStrictEqual(ran, ["held"])
    }).pipe(Effect.provide(world))
  })

  it.effect("counts no vote that is not signed: who wins an election has a task sent", () =>
    Effect.gen(function*() {
      for (const [serializer, sent] of [["auth", 5], ["json", undefined]] as const) {
        const lines = new Lines()
        const ran: Array<string> = []
        yield* Effect.scoped(Effect.gen(function*() {
          let gossip: Gossiping | undefined
          const watching = Bootstep.make("Watching", {
            requires: [Gossip],
            start: Effect.gen(function*() {
              gossip = yield* Gossip
            })
          })
          yield* Layer.build(
            Worker.make({
              nodename: "voter@test",
              tasks: [add.toLayer(({ x, y }, { id }) => Effect.sync(() => (ran.push(id), x + y)))],
              settings: { without: ["mingle"] },
              steps: { consumer: [watching] }
            }).layer
          ).pipe(Effect.provide(lines.layer))
          yield* settled
          const id = `elected by ${serializer}`
          const action = { task: "add", args: [2, 3], options: { task_id: id } }
          yield* gossip!.election(id, "task", action)
          for (let second = 0; second < 12; second++) {
            yield* TestClock.adjust("1 second")
            yield* settled
          }
          assert.strictEqual((yield* lookup(id))?.result, sent)
        })).pipe(
          Effect.provide(Layer.provideMerge(Layer.succeed(EventSettings.EventSerializer, serializer), world))
        )
        assert.strictEqual(lines.has("a vote that is not signed"), serializer === "json")
      }
    }))
})
