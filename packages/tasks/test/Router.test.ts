import * as Entity from "@celeriac/messaging/Entity"
import * as Queues from "@celeriac/tasks/Queues"
import * as Router from "@celeriac/tasks/Router"
import * as Settings from "@celeriac/tasks/Settings"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"

const topic = Entity.exchange("media", { type: "topic" })

const configured: ReadonlyArray<Entity.Queue> = [
  Entity.queue("images", { exchange: topic, routingKey: "media.image" }),
  Entity.queue("direct", { exchange: Entity.exchange("d"), routingKey: "dk" }),
  Entity.queue("bare")
]

const queues = Queues.make.pipe(Effect.provideService(Queues.Configured, configured))

describe("Router", () => {
  const ways: ReadonlyArray<
    readonly [string, Router.Destination, readonly [queue: string, exchange: string, key: string]]
  > = [
    ["nothing said: the default queue, by its name", {}, ["celery", "", "celery"]],
    ["a queue on a direct exchange: by its name", { queue: "direct" }, ["direct", "", "direct"]],
    ["a queue on no exchange: by its name", { queue: "bare" }, ["bare", "", "bare"]],
    ["a queue nobody configured: by its name", { queue: "new" }, ["new", "", "new"]],
    ["a queue on a topic exchange: through it", { queue: "images" }, ["images", "media", "media.image"]],
    ["a routing key: through the queue's exchange", { queue: "images", routingKey: "media.video" }, [
      "images",
      "media",
      "media.video"
    ]],
    ["a routing key, on a direct exchange too", { queue: "direct", routingKey: "other" }, ["direct", "d", "other"]],
    ["an exchange: with the queue's key", { queue: "direct", exchange: "e" }, ["direct", "e", "dk"]],
    ["an exchange and a routing key", { exchange: "e", routingKey: "k" }, ["celery", "e", "k"]]
  ]
  for (const [name, to, [queue, exchange, routingKey]] of ways) {
    it.effect(name, () =>
      Effect.gen(function*() {
        const way = Result.getOrThrow(Router.resolve(yield* queues, to))
        assert.deepStrictEqual([way.queue.name, way.exchange, way.routingKey], [queue, exchange, routingKey])
      }))
  }

  it("asks a table by name, then by patterns in their order", () => {
    const route = Router.table({
      "mail.*": "mail",
      "mail.urgent.*": "never asked",
      "mail.bounce": { queue: "bounces", priority: 3 },
      "*.slow": "slow",
      "a.b": "dot"
    })
    const expected: Record<string, Router.RouteOptions | undefined> = {
      "mail.send": { queue: "mail" },
      "mail.urgent.send": { queue: "mail" },
      "mail.bounce": { queue: "bounces", priority: 3 },
      "x.slow": { queue: "slow" },
      "a.b": { queue: "dot" },
      "aXb": undefined,
      "mailXsend": undefined,
      "constructor": undefined
    }
    for (const [task, options] of Object.entries(expected)) assert.deepStrictEqual(route(task), options, task)
  })

  it("lets the first to name a queue decide", () => {
    assert.deepStrictEqual(Router.merge({ queue: "a" }, { queue: "b", routingKey: "k" }), { queue: "a" })
    assert.deepStrictEqual(Router.merge({ routingKey: "k" }, { queue: "b", routingKey: "l" }), {
      queue: "b",
      exchange: undefined,
      routingKey: "k"
    })
  })
})

describe("Queues", () => {
  it.effect("declares the default queue as Celery does", () =>
    Effect.gen(function*() {
      const known = yield* queues
      const celery = Entity.queue("celery", { exchange: Entity.exchange("celery"), routingKey: "celery" })
      assert.deepStrictEqual(known.default, celery)
      assert.deepStrictEqual(known.get("celery"), celery)
    }))

  it.effect("names the default queue, its exchange and its key as the settings say", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(
        (yield* queues).default,
        Entity.queue("main", { exchange: Entity.exchange("tasks"), routingKey: "t" })
      )
    }).pipe(
      Effect.provideService(Settings.DefaultQueue, "main"),
      Effect.provideService(Settings.DefaultExchange, "tasks"),
      Effect.provideService(Settings.DefaultRoutingKey, "t")
    ))

  it.effect("gives one declaration for one name", () =>
    Effect.gen(function*() {
      const known = yield* queues
      assert.strictEqual(known.get("new"), known.get("new"))
      assert.strictEqual(known.get("images"), configured[0])
    }))

  it.effect("gives every queue priorities, unless it has its own", () =>
    Effect.gen(function*() {
      const known = yield* Queues.make
      assert.deepStrictEqual(known.default.arguments, { "x-max-priority": 10 })
      assert.deepStrictEqual(known.get("new")?.arguments, { "x-max-priority": 10 })
      assert.deepStrictEqual(known.get("own")?.arguments, { "x-max-priority": 3 })
    }).pipe(
      Effect.provideService(Settings.QueueMaxPriority, 10),
      Effect.provideService(Queues.Configured, [Entity.queue("own", { maxPriority: 3 })])
    ))
})
