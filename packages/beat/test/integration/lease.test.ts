/** Several schedulers, of which one leads, by RabbitMQ alone. */
import * as AmqpTransport from "@celeriac/amqp/AmqpTransport"
import * as Entity from "@celeriac/messaging/Entity"
import * as Producer from "@celeriac/messaging/Producer"
import { Transport } from "@celeriac/messaging/Transport"
import * as MemoryTransport from "@celeriac/messaging/transports/MemoryTransport"
import * as Client from "@celeriac/tasks/Client"
import * as DisabledBackend from "@celeriac/tasks/result/backends/DisabledBackend"
import * as Signature from "@celeriac/tasks/Signature"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { randomUUID } from "node:crypto"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { type Fault, FaultProxy } from "../../../../test/peers/FaultProxy.ts"
import { isQuiet } from "../../../../test/peers/Quiet.ts"
import * as BeatSchedule from "../../src/BeatSchedule.ts"
import { Leadership } from "../../src/Leadership.ts"
import * as QueueLease from "../../src/leases/QueueLease.ts"
import * as Schedule from "../../src/Schedule.ts"
import * as ScheduleEntry from "../../src/ScheduleEntry.ts"
import * as Scheduler from "../../src/Scheduler.ts"
import { ScheduleStore } from "../../src/ScheduleStore.ts"
import * as MemoryStore from "../../src/stores/MemoryStore.ts"

const url = brokerUrl()
const port = Number(/:(\d+)\//.exec(url)?.[1])
const quiet = Logger.layer([])

const proxy = Effect.acquireRelease(
  Effect.promise(() => FaultProxy.start(port)),
  (proxy) => Effect.promise(() => proxy.stop())
)

const newQueue = Effect.acquireRelease(
  Effect.sync(() => `beat-${randomUUID()}`),
  (queue) => Effect.ignore(deleteQueue(queue))
)

const channel = Effect.gen(function*() {
  const connection = yield* (yield* Transport).connect()
  return yield* connection.openChannel()
}).pipe(Effect.provide(AmqpTransport.layer({ url })))

const deleteQueue = (queue: string) => Effect.scoped(Effect.flatMap(channel, (channel) => channel.deleteQueue(queue)))

/** Who does not renew it for three quarters of a heartbeat has lost it: rightly, where the machine stopped so long. */
const lease = (queue: string, at: string, heartbeat: Duration.Input = "2 seconds") =>
  Effect.map(QueueLease.make({ queue }), ({ acquire }) => acquire).pipe(
    Effect.provide(AmqpTransport.layer({ url: at, heartbeat })),
    Effect.flatten
  )

const patient = "20 seconds"

const now = Effect.map(Clock.currentTimeMillis, (millis) => millis)

describe("a lease by a queue", () => {
  it.live("is one scheduler's, and the next one's soon after that has stopped", () =>
    Effect.gen(function*() {
      const queue = yield* newQueue
      const first = yield* Effect.forkChild(Effect.scoped(Effect.andThen(lease(queue, url, patient), Effect.never)))
      yield* Effect.sleep("3 seconds")
      const second = yield* Effect.forkChild(lease(queue, url, patient))
      yield* Effect.sleep("3 seconds")
      assert.isUndefined(second.pollUnsafe())
      const stopped = yield* now
      yield* Fiber.interrupt(first)
      const term = yield* Fiber.join(second)
      assert.isTrue(term.isHeld())
      if (isQuiet) assert.isBelow((yield* now) - stopped, 4000)
      yield* Effect.sleep("3 seconds")
      assert.isTrue(term.isHeld())
    }).pipe(Effect.scoped, Effect.provide(quiet)))

  for (const fault of ["blackhole", "toServerLost", "toClientLost"] satisfies ReadonlyArray<Fault>) {
    it.live(`is given up by a leader that is cut off (${fault}), and taken over`, () =>
      Effect.gen(function*() {
        const queue = yield* newQueue
        const network = yield* proxy
        const first = yield* lease(queue, network.through(url))
        assert.isTrue(first.isHeld())
        const second = yield* Effect.forkChild(lease(queue, url))
        yield* Effect.sleep("1 second")
        network.fault = fault
        const cut = yield* now
        const why = yield* first.lost
        if (isQuiet) assert.isBelow((yield* now) - cut, 2000)
        assert.include(why, "has not answered for 1500 ms")
        assert.isFalse(first.isHeld())
        const term = yield* Fiber.join(second)
        assert.isTrue(term.isHeld())
        // RabbitMQ gives a peer up after two to three heartbeats, here of 2 seconds.
        if (isQuiet) assert.isBelow((yield* now) - cut, 10_000)
      }).pipe(Effect.scoped, Effect.provide(quiet)))
  }

  it.live("is refused where the queue is another's, with what to do", () =>
    Effect.gen(function*() {
      const queue = yield* newQueue
      yield* (yield* channel).declareQueue(Entity.queue(queue))
      const error = yield* Effect.flip(lease(queue, url))
      assert.match(error.message, new RegExp(`^no scheduler can lead by the queue ${queue}: .*Give it another name`))
    }).pipe(Effect.scoped, Effect.provide(quiet)))

  it.live("is refused where the broker is embedded", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Effect.flatMap(Leadership, ({ acquire }) => acquire))
      assert.include(error.message, "use Leadership.layerSingle")
    }).pipe(Effect.scoped, Effect.provide(QueueLease.layer().pipe(Layer.provide(MemoryTransport.layer())))))
})

describe("three schedulers", () => {
  it.live("send each slot, and each as one task, whatever becomes of the one that leads", () =>
    Effect.gen(function*() {
      const queue = yield* newQueue
      const tasks = yield* newQueue
      const reading = yield* channel
      yield* reading.declareQueue(Entity.queue(tasks))
      const store = Layer.succeed(ScheduleStore, yield* MemoryStore.make)
      const names = ["a", "b", "c", "d", "e"]
      const entries = BeatSchedule.layer(names.map((name) =>
        ScheduleEntry.make(name, {
          signature: Signature.make(`proj.${name}`),
          schedule: Schedule.schedule("1 second"),
          options: { queue: tasks },
          missed: { all: 1000 }
        })
      ))
      const start = Effect.gen(function*() {
        const network = yield* proxy
        const broker = Client.layer.pipe(
          Layer.provideMerge(DisabledBackend.layer),
          Layer.provideMerge(Producer.layer()),
          Layer.provideMerge(AmqpTransport.layer({ url: network.through(url), heartbeat: "2 seconds" }))
        )
        const layer = Scheduler.layer().pipe(
          Layer.provide(QueueLease.layer({ queue })),
          Layer.provide([broker, entries, store])
        )
        const scheduler = Context.get(yield* Layer.build(layer), Scheduler.Scheduler)
        const running = yield* Effect.forkScoped(scheduler.run)
        return { network, running, health: scheduler.health }
      })
      const beats = yield* Effect.all([start, start, start])
      const leading = Effect.gen(function*() {
        const healths = yield* Effect.all(beats.map(({ health }) => health))
        return healths.findIndex(({ isLeader }) => isLeader)
      })
      const awaitLeader: Effect.Effect<number> = Effect.flatMap(
        leading,
        (index) => index >= 0 ? Effect.succeed(index) : Effect.andThen(Effect.sleep("100 millis"), awaitLeader)
      )
      const read = Effect.flatMap(ScheduleStore, (store) => store.read).pipe(Effect.provide(store))
      yield* awaitLeader
      yield* Effect.sleep("500 millis")
      const began = (yield* read).progress
      for (const fault of ["reset", "blackhole", "toServerLost", "toClientLost"] as const) {
        const leader = beats[yield* awaitLeader]!
        yield* Effect.sleep("2 seconds")
        if (fault === "reset") leader.network.reset()
        else leader.network.fault = fault
        yield* Effect.sleep("3 seconds")
        leader.network.fault = "pass"
      }
      yield* awaitLeader
      const enough = yield* now
      yield* Effect.repeat(Effect.andThen(Effect.sleep("100 millis"), read), {
        until: ({ progress }) => names.every((name) => (progress.get(name)?.last ?? 0) > enough)
      })
      yield* Effect.forEach(beats, ({ running }) => Fiber.interrupt(running), { concurrency: "unbounded" })
      const { progress } = yield* read
      const ids = new Set<string>()
      while (true) {
        const delivery = yield* reading.get(tasks, { noAck: true })
        if (delivery._tag === "None") break
        ids.add(`${String(delivery.value.headers.task)} ${String(delivery.value.headers.id)}`)
      }
      for (const name of names) {
        const [first, { count, last }] = [began.get(name)!, progress.get(name)!]
        const sent = Array.from(ids).filter((id) => id.startsWith(`proj.${name} `)).length
        assert.isAbove(count, 15)
        assert.strictEqual(sent, count, name)
        assert.strictEqual(count - first.count, (last - first.last) / 1000, name)
      }
    }).pipe(Effect.scoped, Effect.provide(quiet)), 240_000)
})
