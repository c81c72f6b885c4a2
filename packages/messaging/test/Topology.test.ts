import * as Entity from "@celeriac/messaging/Entity"
import * as Topology from "@celeriac/messaging/Topology"
import * as MemoryTransport from "@celeriac/messaging/transports/MemoryTransport"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"

const events = Entity.exchange("celeryev", { type: "topic" })
const tasks = Entity.exchange("celery")
const queue = Entity.queue("celery", {
  exchange: tasks,
  routingKey: "celery",
  bindings: [Entity.binding(events, "task.#"), Entity.binding(tasks, "extra", { a: 1 })]
})

const steps = (plan: Topology.Plan) =>
  plan.map((step) =>
    step._tag === "Exchange"
      ? `exchange ${step.exchange.name}`
      : step._tag === "Queue"
      ? `queue ${step.queue.name}`
      : `bind ${step.queue.name} ${step.binding.exchange.name} ${step.binding.routingKey}`
  )

describe("Topology", () => {
  it("plans the exchanges of a queue, the queue, its bindings", () => {
    assert.deepStrictEqual(steps(Topology.plan([queue])), [
      "exchange celery",
      "exchange celeryev",
      "queue celery",
      "bind celery celery celery",
      "bind celery celeryev task.#",
      "bind celery celery extra"
    ])
  })

  it("plans an exchange that several queues use once", () => {
    const other = Entity.queue("other", { exchange: Entity.exchange("celery"), routingKey: "other" })
    assert.deepStrictEqual(steps(Topology.plan([queue, other])).filter((step) => step === "exchange celery"), [
      "exchange celery"
    ])
  })

  it("plans both of two exchanges that differ, for the broker to refuse", () => {
    const other = Entity.queue("other", { exchange: Entity.exchange("celery", { type: "topic" }) })
    assert.lengthOf(Topology.plan([queue, other]).filter((step) => step._tag === "Exchange"), 3)
  })

  it("tells exchanges apart by what their arguments say, not by their order", () => {
    const one = Entity.queue("one", { exchange: Entity.exchange("x", { arguments: { a: 1, b: 2 } }) })
    const two = Entity.queue("two", { exchange: Entity.exchange("x", { arguments: { b: 2, a: 1 } }) })
    assert.lengthOf(Topology.plan([one, two]).filter((step) => step._tag === "Exchange"), 1)
  })

  it("binds to the broker's own exchanges without declaring them, and not to the default one", () => {
    const builtin = Entity.queue("q", {
      exchange: Entity.exchange("amq.topic", { type: "topic" }),
      routingKey: "#",
      bindings: [Entity.binding(Entity.defaultExchange, "q")]
    })
    assert.deepStrictEqual(steps(Topology.plan([builtin])), ["queue q", "bind q amq.topic #"])
  })

  it("renders a plan for an operator", () => {
    const fleeting = Entity.queue("", { exclusive: true, durable: false, expires: "10 seconds", exchange: events })
    assert.strictEqual(
      Topology.render(Topology.plan([fleeting])),
      [
        "exchange celeryev (topic, durable)",
        "queue <named by the broker> (transient, exclusive, auto-delete {\"x-expires\":10000})",
        "bind <named by the broker> <- celeryev ''"
      ].join("\n")
    )
  })

  it.effect("applies a plan twice, and nothing changes", () =>
    Effect.gen(function*() {
      const broker = yield* MemoryTransport.makeBroker()
      const channel = yield* Effect.flatMap(broker.connect(), (connection) => connection.openChannel())
      const states = yield* Topology.apply(channel, Topology.plan([queue]))
      assert.deepStrictEqual(states, [{ name: "celery", messageCount: 0, consumerCount: 0 }])
      const before = broker.bindings()
      assert.lengthOf(before, 3)
      yield* Topology.apply(channel, Topology.plan([queue]))
      assert.deepStrictEqual(broker.bindings(), before)
    }))

  it.effect("binds a queue that the broker names under its name", () =>
    Effect.gen(function*() {
      const broker = yield* MemoryTransport.makeBroker()
      const channel = yield* Effect.flatMap(broker.connect(), (connection) => connection.openChannel())
      const { name } = yield* Topology.declareQueue(channel, Entity.queue("", { exchange: events, routingKey: "#" }))
      assert.deepInclude(broker.bindings()[0], { source: "celeryev", destination: name, routingKey: "#" })
    }))

  it.effect("declares an exchange unless it is the broker's own", () =>
    Effect.gen(function*() {
      const broker = yield* MemoryTransport.makeBroker()
      const channel = yield* Effect.flatMap(broker.connect(), (connection) => connection.openChannel())
      const before = broker.exchanges().length
      yield* Topology.declareExchange(channel, Entity.defaultExchange)
      yield* Topology.declareExchange(channel, Entity.exchange("amq.topic", { type: "topic" }))
      yield* Topology.declareExchange(channel, tasks)
      assert.lengthOf(broker.exchanges(), before + 1)
    }))
})
