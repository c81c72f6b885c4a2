import * as Declaration from "@celeriac/messaging/Declaration"
import * as Entity from "@celeriac/messaging/Entity"
import * as Topology from "@celeriac/messaging/Topology"
import * as TopologyPlan from "@celeriac/messaging/TopologyPlan"
import { Transport } from "@celeriac/messaging/Transport"
import { MemoryBroker } from "@celeriac/messaging/transports/MemoryBroker"
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

const declared = (...queues: ReadonlyArray<Entity.Queue>) =>
  Topology.declarations(Topology.make({ queues })).map((one) => `${one._tag} ${TopologyPlan.nameOf(one)}`)

const open = Effect.flatMap(
  Effect.flatMap(Transport, (transport) => transport.connect()),
  (connection) => connection.openChannel()
)

const lines = (plan: TopologyPlan.TopologyPlan) => plan.entries.map(({ name, status }) => `${status} ${name}`)

describe("declarations", () => {
  it("are the exchanges of a queue, the queue, its bindings", () => {
    assert.deepStrictEqual(declared(queue), [
      "Exchange celery",
      "Exchange celeryev",
      "Queue celery",
      "Binding celery <- celery 'celery'",
      "Binding celery <- celeryev 'task.#'",
      "Binding celery <- celery 'extra'"
    ])
  })

  it("are one for an exchange that several queues use", () => {
    const other = Entity.queue("other", { exchange: Entity.exchange("celery"), routingKey: "other" })
    assert.lengthOf(declared(queue, other).filter((one) => one === "Exchange celery"), 1)
  })

  it("are both of two exchanges that differ, for the broker to refuse", () => {
    const other = Entity.queue("other", { exchange: Entity.exchange("celery", { type: "topic" }) })
    assert.lengthOf(declared(queue, other).filter((one) => one.startsWith("Exchange")), 3)
  })

  it("tell exchanges apart by what their arguments say, not by their order", () => {
    const one = Entity.queue("one", { exchange: Entity.exchange("x", { arguments: { a: 1, b: 2 } }) })
    const two = Entity.queue("two", { exchange: Entity.exchange("x", { arguments: { b: 2, a: 1 } }) })
    assert.lengthOf(declared(one, two).filter((one) => one.startsWith("Exchange")), 1)
  })

  it("bind to the broker's own exchanges without declaring them, and not to the default one", () => {
    const builtin = Entity.queue("q", {
      exchange: Entity.exchange("amq.topic", { type: "topic" }),
      routingKey: "#",
      bindings: [Entity.binding(Entity.defaultExchange, "q")]
    })
    assert.deepStrictEqual(declared(builtin), ["Queue q", "Binding q <- amq.topic '#'"])
  })

  it("begin with the queue for the dead letters, which several may share", () => {
    const one = Entity.direct("one", { deadLetters: "dead" })
    const two = Entity.queue("two", { deadLetters: Entity.queue("graves") })
    assert.deepStrictEqual(declared(one, two, Entity.queue("three", { deadLetters: Entity.queue("graves") })), [
      "Exchange dead",
      "Queue dead",
      "Binding dead <- dead 'dead'",
      "Exchange one",
      "Queue one",
      "Binding one <- one 'one'",
      "Queue graves",
      "Queue two",
      "Queue three"
    ])
    assert.deepStrictEqual(one.arguments, { "x-dead-letter-exchange": "dead", "x-dead-letter-routing-key": "dead" })
    assert.deepStrictEqual(two.arguments, { "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "graves" })
  })

  it.effect("may be made twice, and nothing changes", () =>
    Effect.gen(function*() {
      const channel = yield* open
      const broker = yield* MemoryBroker
      const states = yield* Declaration.declare(channel, Topology.declarations(Topology.make({ queues: [queue] })))
      assert.deepStrictEqual(states, [{ name: "celery", messageCount: 0, consumerCount: 0 }])
      const before = broker.bindings()
      assert.lengthOf(before, 3)
      yield* Topology.declareQueue(channel, queue)
      assert.deepStrictEqual(broker.bindings(), before)
    }).pipe(Effect.provide(MemoryTransport.layer())))

  it.effect("bind a queue that the broker names under its name", () =>
    Effect.gen(function*() {
      const channel = yield* open
      const { name } = yield* Topology.declareQueue(
        channel,
        Entity.queue("", { exchange: events, routingKey: "#", deadLetters: "dead" })
      )
      assert.deepInclude((yield* MemoryBroker).bindings(), {
        source: "celeryev",
        destination: name,
        destinationType: "queue",
        routingKey: "#",
        arguments: {}
      })
    }).pipe(Effect.provide(MemoryTransport.layer())))

  it.effect("leave out the broker's own exchanges", () =>
    Effect.gen(function*() {
      const channel = yield* open
      const broker = yield* MemoryBroker
      const before = broker.exchanges().length
      yield* Topology.declareExchange(channel, Entity.defaultExchange)
      yield* Topology.declareExchange(channel, Entity.exchange("amq.topic", { type: "topic" }))
      yield* Topology.declareExchange(channel, tasks)
      assert.lengthOf(broker.exchanges(), before + 1)
    }).pipe(Effect.provide(MemoryTransport.layer())))
})

describe("Topology", () => {
  const delayed = Entity.exchange("delayed", { type: "topic" })
  const topology = Topology.make({
    queues: [
      Entity.queue("images", { exchange: Entity.exchange("media", { type: "topic" }), routingKey: "image.#" }),
      Entity.direct("mail", { maxPriority: 10, deadLetters: "dead" })
    ],
    exchanges: [delayed],
    bindings: [{ source: delayed, destination: Entity.exchange("media", { type: "topic" }), routingKey: "#" }]
  })

  it.effect("plans all that is missing, and changes nothing by it", () =>
    Effect.gen(function*() {
      const broker = yield* MemoryBroker
      const before = broker.exchanges()
      const plan = yield* Topology.plan(topology)
      assert.strictEqual(TopologyPlan.count(plan, "create"), plan.entries.length)
      assert.deepStrictEqual([broker.queues(), broker.exchanges()], [[], before])
      assert.deepStrictEqual(JSON.parse(JSON.stringify(plan)), plan, "it is JSON")
    }).pipe(Effect.provide(MemoryTransport.layer())))

  it.effect("applies what is missing, and finds it as declared afterwards", () =>
    Effect.gen(function*() {
      const plan = yield* Topology.apply(topology)
      assert.strictEqual(TopologyPlan.count(plan, "create"), plan.entries.length)
      assert.deepStrictEqual(lines(yield* Topology.verify(topology)), [
        "same media",
        "same images",
        "unseen images <- media 'image.#'",
        "same dead",
        "same dead",
        "unseen dead <- dead 'dead'",
        "same mail",
        "same mail",
        "unseen mail <- mail 'mail'",
        "same delayed",
        "unseen media <- delayed '#'"
      ])
      const bindings = (yield* MemoryBroker).bindings()
      assert.lengthOf(bindings, 4)
      yield* Topology.apply(topology)
      assert.deepStrictEqual((yield* MemoryBroker).bindings(), bindings)
    }).pipe(Effect.provide(MemoryTransport.layer())))

  it.effect("names every argument that differs, and then applies nothing at all", () =>
    Effect.gen(function*() {
      const channel = yield* open
      const broker = yield* MemoryBroker
      yield* channel.declareQueue(Entity.queue("mail", { durable: false, maxPriority: 5, maxLength: 7 }))
      yield* channel.declareExchange(Entity.exchange("media"))
      const before = broker.exchanges().length
      const error = yield* Effect.flip(Topology.apply(topology))
      assert.strictEqual(
        error.message,
        "the broker at memory://local is not as declared: exchange 'media' differs in type (declared topic, there direct); " +
          "queue 'mail' differs in durable (declared true, there false), x-max-length (declared none, there 7), " +
          "x-max-priority (declared 10, there 5), x-dead-letter-exchange (declared dead, there none), " +
          "x-dead-letter-routing-key (declared dead, there none). " +
          "Nothing was changed. Declare it as it is there, or delete it first"
      )
      assert.deepStrictEqual([broker.queues().length, broker.exchanges().length], [1, before])
    }).pipe(Effect.provide(MemoryTransport.layer())))

  it.effect("verifies that nothing is missing", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Topology.verify(Topology.make({ queues: [Entity.queue("mail")] })))
      assert.strictEqual(
        error.message,
        "the broker at memory://local is not as declared: queue 'mail' is missing. Create what is missing " +
          "(Topology.apply, with a user who may configure); what differs, declare as it is there, or delete first"
      )
    }).pipe(Effect.provide(MemoryTransport.layer())))

  it.effect("is a table for people", () =>
    Effect.gen(function*() {
      const channel = yield* open
      yield* Topology.declareQueue(channel, Entity.direct("mail", { maxPriority: 5 }))
      const small = Topology.make({ queues: [Entity.direct("mail", { maxPriority: 10 }), Entity.queue("slow")] })
      assert.strictEqual(
        TopologyPlan.render(yield* Topology.plan(small)),
        [
          "memory://local",
          "           what      name                 declared",
          "= same     exchange  mail                 direct, durable",
          "! differs  queue     mail                 durable, x-max-priority=10",
          "           ^ x-max-priority: declared 10, and there it is 5",
          "? unseen   binding   mail <- mail 'mail'",
          "+ create   queue     slow                 durable",
          "1 to create, 1 as declared, 1 different, 1 that cannot be seen"
        ].join("\n")
      )
    }).pipe(Effect.provide(MemoryTransport.layer())))

  it("is read without a broker", () => {
    const fleeting = Entity.queue("", { exclusive: true, durable: false, expires: "10 seconds", exchange: events })
    assert.strictEqual(
      Topology.render(Topology.make({ queues: [fleeting] })),
      [
        "exchange celeryev (topic, durable)",
        "queue <named by the broker> (transient, exclusive, auto-delete, x-expires=10000)",
        "binding <named by the broker> <- celeryev ''"
      ].join("\n")
    )
  })

  it("is drawn, with what happens to dead letters", () => {
    assert.strictEqual(
      Topology.toMermaid(topology),
      [
        "flowchart LR",
        "  n0{{\"media<br/>topic\"}}",
        "  n1[(\"images\")]",
        "  n2{{\"dead<br/>direct\"}}",
        "  n3[(\"dead\")]",
        "  n4{{\"mail<br/>direct\"}}",
        "  n5[(\"mail<br/>priorities to 10\")]",
        "  n6{{\"delayed<br/>topic\"}}",
        "  n0 -->|\"image.#35;\"| n1",
        "  n2 -->|\"dead\"| n3",
        "  n5 -. dead letters .-> n2",
        "  n4 -->|\"mail\"| n5",
        "  n6 -->|\"#35;\"| n0"
      ].join("\n")
    )
  })
})
