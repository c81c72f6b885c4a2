/** The broker itself fails or refuses: typed errors that say what to do, and nothing confirmed is lost. */
import { queue } from "@celeriac/messaging/Entity"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import { afterAll, beforeAll } from "vitest"
import { FaultProxy } from "../../../../test/peers/FaultProxy.ts"
import { until } from "../../../../test/peers/Process.ts"
import { isQuiet } from "../../../../test/peers/Quiet.ts"
import { RabbitMq } from "../../../../test/peers/RabbitMq.ts"
import { connect, message, timed, to } from "./Kit.ts"

let rabbit: RabbitMq
beforeAll(async () => {
  rabbit = await RabbitMq.start({ consumerTimeout: 1000, config: ["{channel_tick_interval, 500}"] })
}, 120_000)
afterAll(() => rabbit?.stop(), 120_000)

const ctl = (...args: ReadonlyArray<string>) => Effect.promise(() => rabbit.rabbitmqctl(...args))

/** Connects as soon as the broker answers. */
const reconnect = Effect.suspend(() => connect(rabbit.url)).pipe(
  Effect.retry(Schedule.spaced("50 millis"))
)

describe("refusals", () => {
  it.live("a wrong password is refused, and named nowhere", () =>
    Effect.gen(function*() {
      const url = rabbit.url.replace("guest:guest", "guest:sesame-open")
      const { error } = yield* timed(Effect.scoped(connect(url)))
      assert.strictEqual(error.reason._tag, "AccessRefused")
      assert.isFalse(error.isRecoverable)
      assert.include(error.message, "guest:**@")
      assert.notInclude(JSON.stringify(error) + error.message + String(error.stack), "sesame")
    }))

  it.live("a virtual host that is not there is refused, with what to do", () =>
    Effect.gen(function*() {
      const { error } = yield* timed(
        Effect.scoped(connect(rabbit.url.replace("//", "//").replace(/\/\/$/, "/nowhere")))
      )
      assert.strictEqual(error.reason._tag, "VirtualHostRefused")
      assert.include(error.message, "add_vhost")
    }))

  it.live("nobody listening is no connection, and may get better", () =>
    Effect.gen(function*() {
      const { error } = yield* timed(Effect.scoped(connect("amqp://127.0.0.1:1//")))
      assert.strictEqual(error.reason._tag, "ConnectionLost")
      assert.isTrue(error.isRecoverable)
      assert.include(error.message, "nothing listens there")
    }))

  it.live("a declaration that cannot be encoded fails alone, also behind others", () =>
    Effect.scoped(Effect.gen(function*() {
      const channel = yield* (yield* connect(rabbit.url)).openChannel()
      const odd = queue("odd", { arguments: { "x-odd": () => 1 } })
      const [, failed] = yield* Effect.all([
        channel.declareQueue(queue("even")),
        timed(channel.declareQueue(odd)),
        channel.declareQueue(queue("even"))
      ], { concurrency: "unbounded" })
      assert.strictEqual(failed.error.reason._tag, "Unencodable")
      yield* channel.deleteQueue("even")
    })))

  it.live("a connection without a channel left says so", () =>
    Effect.scoped(Effect.gen(function*() {
      const connection = yield* connect(rabbit.url)
      const many = Array.from({ length: 3000 })
      const error = yield* Effect.flip(
        Effect.forEach(many, () => connection.openChannel(), { discard: true, concurrency: 100 })
      )
      assert.strictEqual(error.reason._tag, "ChannelClosed")
      assert.include(error.message, "No channels left")
    })))

  it.live("TLS towards a port without it says so", () =>
    Effect.gen(function*() {
      const { error } = yield* timed(Effect.scoped(connect(rabbit.url.replace("amqp:", "amqps:"))))
      assert.isTrue(["InvalidConfiguration", "ConnectionLost"].includes(error.reason._tag), error.message)
      assert.include(error.message, "amqps://")
    }))

  it.live("the next member of a failover list is tried", () =>
    Effect.scoped(Effect.gen(function*() {
      const connection = yield* connect(`amqp://guest:guest@127.0.0.1:1//;${rabbit.url}`)
      assert.include(connection.uri, String(rabbit.port))
    })))
})

describe("a failing broker", () => {
  it.live("a connection that is closed by force is lost, and a new one works", () =>
    Effect.scoped(Effect.gen(function*() {
      const connection = yield* connect(rabbit.url)
      const channel = yield* connection.openChannel()
      const lost = yield* Effect.forkScoped(timed(channel.lost))
      yield* ctl("close_all_connections", "maintenance")
      const { error } = yield* timed(connection.lost)
      assert.strictEqual(error.reason._tag, "ConnectionLost")
      assert.include(error.message, "maintenance")
      yield* Fiber.join(lost)
      yield* reconnect
    })))

  it.live("a deleted queue cancels its consumer", () =>
    Effect.scoped(Effect.gen(function*() {
      const connection = yield* connect(rabbit.url)
      const channel = yield* connection.openChannel()
      yield* channel.declareQueue(queue("doomed"))
      yield* channel.consume("doomed", { prefetch: 1, onDelivery: () => {} })
      yield* (yield* connection.openChannel()).deleteQueue("doomed")
      const { error } = yield* timed(channel.lost)
      assert.strictEqual(error.reason._tag, "ConsumerCancelled")
    })))

  it.live(
    "a delivery held for longer than the consumer timeout closes the channel, recoverably",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const connection = yield* connect(rabbit.url)
        const channel = yield* connection.openChannel()
        yield* channel.declareQueue(queue("held"))
        yield* channel.publish(message("x"), to("held"))
        yield* channel.consume("held", { prefetch: 1, onDelivery: () => {} })
        const { error } = yield* timed(channel.lost)
        assert.strictEqual(error.reason._tag, "ChannelClosed")
        assert.isTrue(error.isRecoverable)
        const pulled = yield* (yield* connection.openChannel()).get("held", { noAck: true })
        assert.strictEqual(pulled._tag, "Some")
      })),
    120_000
  )

  it.live(
    "a memory alarm holds publishes back until their deadline, and loses none that was confirmed",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const connection = yield* connect(rabbit.url)
        const channel = yield* connection.openChannel()
        yield* channel.declareQueue(queue("alarm"))
        yield* channel.publish(message("before"), to("alarm"))
        yield* ctl("set_vm_memory_high_watermark", "absolute", "1MB")
        const first = yield* timed(channel.publish(message("limbo"), to("alarm"), { deadline: "500 millis" }))
        assert.strictEqual(first.error.reason._tag, "PublishTimedOut")
        if (isQuiet) assert.isBelow(first.millis, 1000)
        yield* Effect.promise(() => until("the broker blocks", () => connection.blocked() !== undefined))
        const second = yield* timed(channel.publish(message("never sent"), to("alarm"), { deadline: "200 millis" }))
        assert.include(second.error.message, "not stored")
        const patient = yield* Effect.forkScoped(channel.publish(message("patient"), to("alarm")))
        yield* ctl("set_vm_memory_high_watermark", "0.6")
        yield* Fiber.join(patient)
        const texts: Array<string> = []
        for (;;) {
          const pulled = yield* channel.get("alarm", { noAck: true })
          if (pulled._tag === "None") break
          texts.push(Buffer.from(pulled.value.body).toString())
        }
        assert.deepStrictEqual(texts, ["before", "limbo", "patient"])
      })),
    120_000
  )

  it.live("closing while an alarm is on takes less than a second", () =>
    Effect.gen(function*() {
      yield* ctl("set_vm_memory_high_watermark", "absolute", "1MB")
      const start = performance.now()
      yield* Effect.scoped(Effect.gen(function*() {
        const channel = yield* (yield* connect(rabbit.url)).openChannel()
        yield* timed(channel.publish(message("x"), to("alarm"), { deadline: "100 millis" }))
      }))
      if (isQuiet) assert.isBelow(performance.now() - start, 1500)
      yield* ctl("set_vm_memory_high_watermark", "0.6")
    }), 120_000)

  it.live(
    "after an alarm, an orderly close is waited for again, though one was in vain meanwhile",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const network = yield* Effect.acquireRelease(
          Effect.promise(() => FaultProxy.start(Number(/:(\d+)\//.exec(rabbit.url)?.[1]))),
          (network) => Effect.promise(() => network.stop())
        )
        const ours = yield* Scope.fork(yield* Effect.scope)
        const inVain = yield* Scope.fork(ours)
        const connection = yield* Scope.provide(connect(network.through(rabbit.url)), ours)
        const channel = yield* Scope.provide(connection.openChannel(), ours)
        yield* Scope.provide(connection.openChannel(), inVain)
        yield* channel.declareQueue(queue("alarm"))
        yield* ctl("set_vm_memory_high_watermark", "absolute", "1MB")
        const patient = yield* Effect.forkScoped(channel.publish(message("patient"), to("alarm")))
        yield* Effect.promise(() => until("the broker blocks", () => connection.blocked() !== undefined))
        yield* Scope.close(inVain, Exit.void)
        yield* ctl("set_vm_memory_high_watermark", "0.6")
        yield* Fiber.join(patient)
        // The broker's answers, of some twelve bytes, take a quarter of a second each.
        network.fault = "trickle"
        const start = performance.now()
        yield* Scope.close(ours, Exit.void)
        assert.isAbove(performance.now() - start, 200)
      })),
    120_000
  )

  it.live(
    "a broker that is stopped and started is lost, and taken up again",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const connection = yield* connect(rabbit.url)
        const lost = yield* Effect.forkScoped(timed(connection.lost))
        yield* ctl("stop_app")
        assert.strictEqual((yield* Fiber.join(lost)).error.reason._tag, "ConnectionLost")
        yield* ctl("start_app")
        yield* reconnect
      })),
    120_000
  )

  it.live(
    "what was confirmed is there after the broker was killed and started again",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const connection = yield* connect(rabbit.url)
        const channel = yield* connection.openChannel()
        yield* channel.declareQueue(queue("journal"))
        // confirms are for messages: the broker writes declarations to disk a little later
        yield* ctl("eval", "mnesia:sync_log().")
        let confirmed = 0
        const publishing = yield* Effect.forkScoped(
          Effect.forEach(
            Array.from({ length: 5000 }, (_, i) => i),
            (i) => Effect.tap(channel.publish(message(`${i}`), to("journal")), () => Effect.sync(() => confirmed++)),
            { concurrency: 50, discard: true }
          ).pipe(Effect.result)
        )
        yield* Effect.promise(() => until("some are confirmed", () => confirmed > 0))
        yield* Effect.promise(() => rabbit.kill())
        yield* timed(connection.lost)
        yield* Fiber.join(publishing)
        yield* Effect.promise(() => rabbit.start())
        const again = yield* (yield* reconnect).openChannel()
        const state = yield* again.queueState("journal")
        assert.isAtLeast(state.messageCount, confirmed)
      })),
    120_000
  )
})
