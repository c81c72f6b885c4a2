/** A bad network: every fault is noticed within two heartbeats, and nothing waits for a peer that is gone. */
import { queue } from "@celeriac/messaging/Entity"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { type Fault, FaultProxy } from "../../../../test/peers/FaultProxy.ts"
import { isQuiet } from "../../../../test/peers/Quiet.ts"
import { connect, message, timed, to } from "./Kit.ts"

const url = brokerUrl()
const port = Number(/:(\d+)\//.exec(url)?.[1])

const proxy = Effect.acquireRelease(
  Effect.promise(() => FaultProxy.start(port)),
  (proxy) => Effect.promise(() => proxy.stop())
)

const heartbeat = "1 second"
/** For connections that are to stay: a machine that stops for a moment loses one of a shorter heartbeat, and rightly. */
const patient = "4 seconds"
/** Two heartbeats, and some slack: on a quiet machine. */
const twoHeartbeats = 2600

describe.concurrent("a bad network", () => {
  for (const fault of ["blackhole", "toClientLost", "toServerLost"] satisfies ReadonlyArray<Fault>) {
    it.live(`${fault} is noticed within two heartbeats`, () =>
      Effect.scoped(Effect.gen(function*() {
        const network = yield* proxy
        const connection = yield* connect(network.through(url), { heartbeat })
        const channel = yield* connection.openChannel()
        network.fault = fault
        const waiting = yield* Effect.forkScoped(timed(channel.lost))
        const { error, millis } = yield* timed(connection.lost)
        assert.strictEqual(error.reason._tag, "ConnectionLost")
        assert.isTrue(error.isRecoverable)
        if (isQuiet) assert.isBelow(millis, twoHeartbeats)
        assert.strictEqual((yield* Fiber.join(waiting)).error.reason._tag, "ConnectionLost")
      })))
  }

  it.live("a broker that is half gone is noticed within two heartbeats", () =>
    Effect.scoped(Effect.gen(function*() {
      const network = yield* proxy
      const connection = yield* connect(network.through(url), { heartbeat })
      network.halfOpen()
      const { error, millis } = yield* timed(connection.lost)
      assert.include(error.message, "heartbeat timeout")
      if (isQuiet) assert.isBelow(millis, twoHeartbeats)
    })))

  it.live("a channel that is being closed when its connection is lost is closed at once", () =>
    Effect.scoped(Effect.gen(function*() {
      const network = yield* proxy
      const connection = yield* connect(network.through(url))
      const scope = yield* Scope.make()
      yield* Scope.provide(connection.openChannel(), scope)
      network.fault = "toClientLost"
      const start = yield* Clock.currentTimeMillis
      const closing = yield* Effect.forkScoped(Scope.close(scope, Exit.void), { startImmediately: true })
      assert.isUndefined(closing.pollUnsafe())
      network.reset()
      yield* Fiber.join(closing)
      // Nobody waits for the broker's answer, for which it has two seconds.
      if (isQuiet) assert.isBelow((yield* Clock.currentTimeMillis) - start, 1_000)
    })))

  it.live("a reset is noticed at once, and what was sent has an unknown outcome", () =>
    Effect.scoped(Effect.gen(function*() {
      const network = yield* proxy
      const connection = yield* connect(network.through(url), { heartbeat })
      const channel = yield* connection.openChannel()
      network.fault = "toClientLost"
      const publish = yield* Effect.forkScoped(timed(channel.publish(message("x"), to("amq.nowhere"))))
      yield* Effect.sleep("50 millis")
      network.fault = "pass"
      network.reset()
      const { error, millis } = yield* timed(connection.lost)
      assert.strictEqual(error.reason._tag, "ConnectionLost")
      if (isQuiet) assert.isBelow(millis, 500)
      assert.strictEqual((yield* Fiber.join(publish)).error.reason._tag, "OutcomeUnknown")
      const late = yield* timed(channel.publish(message("y"), to("amq.nowhere")))
      assert.strictEqual(late.error.reason._tag, "ConnectionLost")
    })))

  it.live("a quiet connection over a good network stays", () =>
    Effect.scoped(Effect.gen(function*() {
      const network = yield* proxy
      const connection = yield* connect(network.through(url), { heartbeat: patient })
      const channel = yield* connection.openChannel()
      const lost = yield* Effect.forkScoped(connection.lost)
      yield* Effect.sleep("9 seconds")
      assert.isUndefined(lost.pollUnsafe())
      yield* channel.declareQueue(queue("", { exclusive: true }))
    })))

  it.live("a trickle of bytes is slow, and no loss", () =>
    Effect.scoped(Effect.gen(function*() {
      const network = yield* proxy
      const connection = yield* connect(network.through(url), { heartbeat: patient })
      const channel = yield* connection.openChannel()
      network.fault = "trickle"
      const state = yield* channel.declareQueue(queue("", { exclusive: true }))
      assert.match(state.name, /^amq\.gen/)
      assert.isUndefined((yield* Effect.forkScoped(connection.lost)).pollUnsafe())
    })))

  it.live("closing towards a black hole takes no longer than the time given for it, whatever is open", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const network = yield* Scope.provide(proxy, scope)
      const inner = yield* Scope.fork(scope)
      const connection = yield* Scope.provide(connect(network.through(url), { closeTimeout: "400 millis" }), inner)
      for (let i = 0; i < 3; i++) yield* Scope.provide(connection.openChannel(), inner)
      network.fault = "blackhole"
      const start = yield* Clock.currentTimeMillis
      yield* Scope.close(inner, Exit.void)
      if (isQuiet) assert.isBelow((yield* Clock.currentTimeMillis) - start, 1000)
      yield* Scope.close(scope, Exit.void)
    }))

  it.live("closing a channel is over when its connection is lost meanwhile", () =>
    Effect.gen(function*() {
      const network = yield* proxy
      const connection = yield* connect(network.through(brokerUrl()))
      const scope = yield* Scope.make()
      yield* Scope.provide(connection.openChannel(), scope)
      network.fault = "blackhole"
      const start = yield* Clock.currentTimeMillis
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
      network.reset()
      yield* Fiber.join(closing)
      // Its patience is five seconds.
      if (isQuiet) assert.isBelow((yield* Clock.currentTimeMillis) - start, 2_500)
    }).pipe(Effect.scoped))

  it.live("a handshake that stalls ends with the time given for it", () =>
    Effect.scoped(Effect.gen(function*() {
      const network = yield* proxy
      network.fault = "toClientLost"
      const { error, millis } = yield* timed(connect(network.through(url), { connectTimeout: "300 millis" }))
      assert.include(error.message, "no AMQP handshake within 300 ms")
      if (isQuiet) assert.isBelow(millis, 1000)
    })))

  it.live("a publish without a confirm fails with its deadline", () =>
    Effect.scoped(Effect.gen(function*() {
      const network = yield* proxy
      const connection = yield* connect(network.through(url), { heartbeat: 0 })
      const channel = yield* connection.openChannel()
      const { name } = yield* channel.declareQueue(queue("", { exclusive: true }))
      network.fault = "toClientLost"
      const { error, millis } = yield* timed(channel.publish(message("x"), to(name), { deadline: "200 millis" }))
      assert.strictEqual(error.reason._tag, "PublishTimedOut")
      if (isQuiet) assert.isBelow(millis, 600)
      network.fault = "pass"
    })))

  it.live("a full socket holds messages back, and their deadline says that they were not sent", () =>
    Effect.scoped(Effect.gen(function*() {
      const network = yield* proxy
      const connection = yield* connect(network.through(url), {
        heartbeat: 0,
        maxWaiting: 50,
        closeTimeout: "50 millis"
      })
      const channel = yield* connection.openChannel()
      const { name } = yield* channel.declareQueue(queue("", { exclusive: true }))
      const body = Buffer.alloc(1024 * 1024)
      const errors = yield* Effect.forEach(
        Array.from({ length: 80 }),
        () => Effect.result(channel.publish({ ...message("x"), body }, to(name), { deadline: "20 millis" })),
        { concurrency: "unbounded" }
      )
      const reasons = errors.map((result) => result._tag === "Failure" ? result.failure.reason : undefined)
      assert.isTrue(reasons.some((reason) => reason?._tag === "BufferFull"), "some found the buffer full")
      assert.isTrue(
        reasons.every((reason) =>
          reason === undefined || reason._tag === "BufferFull" || reason._tag === "PublishTimedOut"
        )
      )
      yield* channel.publish(message("still well"), to(name))
    })))
})
