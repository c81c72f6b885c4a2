/** Nodes that are new, and those that are there, on a clock that the test turns. */
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import { LogicalClock } from "@celeriac/messaging/LogicalClock"
import * as Mailbox from "@celeriac/messaging/Mailbox"
import { because, ChannelClosed } from "@celeriac/messaging/MessagingError"
import * as Topology from "@celeriac/messaging/Topology"
import * as MemoryBroker from "@celeriac/messaging/transports/MemoryBroker"
import * as MemoryTransport from "@celeriac/messaging/transports/MemoryTransport"
import * as DisabledBackend from "@celeriac/tasks/result/backends/DisabledBackend"
import { Mingle, type Mingled } from "@celeriac/worker/consumer/Mingle"
import { WorkerState } from "@celeriac/worker/state/WorkerState"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { json, Lines, settled } from "../support.ts"

type Broker = MemoryBroker.MemoryBroker["Service"]

/** A worker, what its steps have, and how long its start took, in milliseconds. */
class Node {
  readonly lines = new Lines()
  readonly name: string
  readonly revoked: ReadonlyArray<string>
  mingle!: Mingled
  clock!: LogicalClock["Service"]
  state!: WorkerState["Service"]

  constructor(name: string, revoked: ReadonlyArray<string> = []) {
    this.name = name
    this.revoked = revoked
  }

  readonly before = Bootstep.make("Before", {
    requires: [WorkerState, LogicalClock],
    start: Effect.gen({ self: this }, function*() {
      this.clock = yield* LogicalClock
      this.state = yield* WorkerState
      for (const id of this.revoked) this.state.revoked.revoke(id)
    })
  })

  readonly after = Bootstep.make("After", {
    requires: [Mingle],
    start: Effect.gen({ self: this }, function*() {
      this.mingle = yield* Mingle
    })
  })

  readonly start = (broker: Broker) =>
    Layer.build(Layer.fresh(
      Worker.make({ nodename: this.name, steps: { worker: [this.before], consumer: [this.after] } }).layer.pipe(
        Layer.provide(DisabledBackend.layer),
        Layer.provide(MemoryTransport.layer({ broker }))
      )
    )).pipe(Effect.provide(this.lines.layer))

  /** Of mingling alone. */
  readonly said = (): ReadonlyArray<string> => this.lines.of("Info").filter((line) => /mingle|sync/.test(line))

  readonly ids = (): ReadonlyArray<string> => this.state.revoked.ids()
}

/** Starts a node, and gives how many milliseconds of the clock that took. */
const timed = Effect.fnUntraced(function*(node: Node, broker: Broker) {
  const before = yield* Clock.currentTimeMillis
  const starting = yield* Effect.forkScoped(node.start(broker))
  yield* settled
  for (let turn = 0; turn < 200 && starting.pollUnsafe() === undefined; turn++) {
    yield* TestClock.adjust("50 millis")
    yield* settled
  }
  yield* Fiber.join(starting)
  return (yield* Clock.currentTimeMillis) - before
})

type Ask = {
  readonly arguments: { readonly from_node: string; readonly revoked: unknown }
  readonly ticket: string
  readonly reply_to: { readonly exchange: string; readonly routing_key: string }
}

/** A node of somebody else's, which replies to `hello` what it is told to, after a while. */
const stranger = Effect.fnUntraced(function*(
  broker: Broker,
  replies: ReadonlyArray<readonly [name: string, value: unknown]>,
  delay = 0
) {
  const asked: Array<Ask> = []
  const mailbox = yield* Mailbox.make()
  const channel = yield* (yield* broker.connect({ name: "stranger" })).openChannel()
  const { name } = yield* Topology.declareQueue(channel, mailbox.queueOf("stranger@test"))
  const runFork = Effect.runForkWith(yield* Effect.context<never>())
  yield* channel.consume(name, {
    prefetch: 0,
    noAck: true,
    onDelivery: ({ body }) => {
      // What Mingle sends.
      const ask = JSON.parse(Buffer.from(body).toString()) as Ask
      asked.push(ask)
      const { exchange, routing_key: routingKey } = ask.reply_to
      runFork(Effect.delay(
        Effect.sync(() => {
          for (const [name, value] of replies) {
            const message = {
              body: Buffer.from(JSON.stringify({ [name]: value })),
              headers: { ticket: ask.ticket, clock: 1 },
              properties: json
            }
            channel.publishUnsafe(message, { exchange, routingKey }, { mandatory: false }, () => {})
          }
        }),
        delay
      ))
    }
  })
  return asked
}, Effect.orDie)

describe("Mingle", () => {
  it.effect("waits for nobody when nobody is there", () =>
    Effect.gen(function*() {
      const a = new Node("a@test")
      const broker = yield* MemoryBroker.make()
      assert.strictEqual(yield* timed(a, broker), 0)
      assert.deepStrictEqual(a.said(), ["mingle: searching for neighbors", "mingle: all alone"])
      assert.deepStrictEqual(a.mingle.nodes(), [])
    }))

  it.effect("shares what is revoked both ways, oldest first, and the clocks agree", () =>
    Effect.gen(function*() {
      const broker = yield* MemoryBroker.make()
      const a = new Node("a@test", ["a1", "a2"])
      yield* timed(a, broker)
      a.clock.adjust(1_000)
      const b = new Node("b@test", ["b1"])
      assert.isAtMost(yield* timed(b, broker), 150)
      assert.deepStrictEqual(b.said(), [
        "mingle: searching for neighbors",
        "mingle: sync with 1 nodes",
        "mingle: sync complete"
      ])
      assert.deepStrictEqual(a.said().at(-1), "sync with b@test")
      assert.deepStrictEqual(b.mingle.nodes(), ["a@test"])
      assert.deepStrictEqual(a.ids(), ["a1", "a2", "b1"])
      assert.sameMembers([...b.ids()], ["a1", "a2", "b1"])
      assert.isAbove(b.clock.value(), 1_000)

      const c = new Node("c@test")
      yield* timed(c, broker)
      assert.isTrue(c.lines.has("mingle: sync with 2 nodes"))
      assert.sameMembers([...c.ids()], ["a1", "a2", "b1"])
    }))

  it.effect("sends a list of ids, and reads those of every version of Celery", () =>
    Effect.gen(function*() {
      const broker = yield* MemoryBroker.make()
      const asked = yield* stranger(broker, [
        ["c570@test", { revoked: ["k1", "k2"], clock: 8 }],
        ["c563@test", { revoked: { k3: [5166.29, "k3"], k4: [5167.5, "k4"] }, clock: 70 }],
        ["c31@test", { revoked: { k5: 5166.29 }, clock: null }],
        ["new@test", null]
      ])
      const a = new Node("a@test", ["mine"])
      yield* timed(a, broker)
      assert.deepStrictEqual(asked.map((ask) => ask.arguments), [{ from_node: "a@test", revoked: ["mine"] }])
      assert.sameMembers([...a.ids()], ["mine", "k1", "k2", "k3", "k4", "k5"])
      assert.isTrue(a.lines.has("mingle: sync with 3 nodes"))
      assert.isAbove(a.clock.value(), 70)
    }))

  it.effect("waits a second for the first to answer, and no longer", () =>
    Effect.gen(function*() {
      const broker = yield* MemoryBroker.make()
      yield* stranger(broker, [])
      const a = new Node("a@test")
      assert.strictEqual(yield* timed(a, broker), 1_000)
      assert.deepStrictEqual(a.said().at(-1), "mingle: all alone")
    }))

  it.effect("goes on a moment after the last, and hears late ones all the same", () =>
    Effect.gen(function*() {
      const broker = yield* MemoryBroker.make()
      yield* timed(new Node("quick@test"), broker)
      yield* stranger(broker, [["slow@test", { revoked: ["k1"], clock: 5 }]], 700)
      const a = new Node("a@test")
      assert.isAtMost(yield* timed(a, broker), 150)
      assert.deepStrictEqual(a.mingle.nodes(), ["quick@test"])
      yield* TestClock.adjust("700 millis")
      yield* settled
      assert.deepStrictEqual(a.mingle.nodes(), ["quick@test", "slow@test"])
      assert.deepStrictEqual(a.ids(), ["k1"])
    }))

  it.effect("goes on within a second where it gets no channel to ask over", () =>
    Effect.gen(function*() {
      const broker = yield* MemoryBroker.make()
      yield* stranger(broker, [["there@test", { revoked: ["k1"], clock: 5 }]])
      const closed = because("openChannel", new ChannelClosed({ code: 504, detail: "no more channels" }))
      // A broker that is busy, and one that refuses.
      for (const answer of [Effect.never, Effect.fail(closed)]) {
        const a = new Node("a@test")
        const isAsking = () => a.lines.has("mingle: searching") && !a.lines.has("mingle: all alone")
        const connect: Broker["connect"] = (options) =>
          Effect.map(broker.connect(options), (connection) => ({
            ...connection,
            openChannel: () => Effect.suspend(() => isAsking() ? answer : connection.openChannel())
          }))
        assert.isAtMost(yield* timed(a, { ...broker, connect }), 1_000)
        assert.match(a.lines.of("Warn").join(), /mingle: .* Going on without/)
        assert.deepStrictEqual(a.said().at(-1), "mingle: all alone")
      }
    }))

  it.effect("tells of replies that make no sense, and takes the others", () =>
    Effect.gen(function*() {
      const broker = yield* MemoryBroker.make()
      yield* stranger(broker, [
        ["bad1@test", "hello"],
        ["bad2@test", { revoked: 7, clock: 9_000 }],
        ["bad3@test", { revoked: ["k9"], clock: "late" }],
        ["good@test", { revoked: ["k1", 7, null, ""], clock: 5 }]
      ])
      const a = new Node("a@test")
      yield* timed(a, broker)
      assert.deepStrictEqual(a.lines.of("Error"), [
        "mingle: sync with bad1@test failed: the reply is \"hello\", not an object",
        "mingle: sync with bad2@test failed: revoked is the number 7, not a list of ids",
        "mingle: sync with bad3@test failed: clock is \"late\", not the time of a logical clock"
      ])
      assert.deepStrictEqual(a.mingle.nodes(), ["good@test"])
      assert.deepStrictEqual(a.ids(), ["k1"])
      assert.isBelow(a.clock.value(), 100)
    }))

  it.effect("starts, whatever is replied", () =>
    Effect.gen(function*() {
      const broker = yield* MemoryBroker.make()
      const part = fc.oneof(fc.jsonValue(), fc.constantFrom(2 ** 60, -1, "__proto__"))
      const reply = fc.oneof(fc.jsonValue(), fc.dictionary(fc.constantFrom("revoked", "clock", "error"), part))
      const replies = fc.sample(fc.tuple(fc.string(), reply), { numRuns: 300, seed: 5 })
      yield* stranger(broker, [...replies, ["good@test", { revoked: ["k1"], clock: 5 }]])
      const a = new Node("a@test")
      yield* timed(a, broker)
      assert.include(a.mingle.nodes(), "good@test")
      assert.include(a.ids(), "k1")
    }))
})
