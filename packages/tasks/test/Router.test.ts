import * as Entity from "@celeriac/messaging/Entity"
import * as Queues from "@celeriac/tasks/Queues"
import * as Router from "@celeriac/tasks/Router"
import * as Settings from "@celeriac/tasks/Settings"
import { TaskId } from "@celeriac/tasks/TaskId"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as fc from "fast-check"

const topic = Entity.exchange("media", { type: "topic" })

const configured: ReadonlyArray<Entity.Queue> = [
  Entity.queue("images", { exchange: topic, routingKey: "media.image" }),
  Entity.queue("direct", { exchange: Entity.exchange("d"), routingKey: "dk" }),
  Entity.queue("bare"),
  Entity.broadcast("news")
]

const queues = Queues.make.pipe(
  Effect.provideService(Queues.Configured, configured),
  Effect.provideService(TaskId, () => "id")
)

const call: Router.RouteCall = { args: [], kwargs: {}, options: {} }

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
    ["a routing key alone, on a direct exchange: by its name", { queue: "direct", routingKey: "other" }, [
      "direct",
      "",
      "direct"
    ]],
    ["an exchange alone, to a queue on a direct one: by its name", { queue: "direct", exchange: "e" }, [
      "direct",
      "",
      "direct"
    ]],
    ["an exchange, to a queue on a topic exchange: with the queue's key", { queue: "images", exchange: "e" }, [
      "images",
      "e",
      "media.image"
    ]],
    ["an exchange and a routing key", { exchange: "e", routingKey: "k" }, ["celery", "e", "k"]],
    ["a broadcast: through its exchange", { queue: "news" }, ["bcast.id", "news", ""]],
    ["a worker: by the name of its queue", { queue: "w1@host.dq2" }, ["w1@host.dq2", "", "w1@host.dq2"]]
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
    for (const [task, options] of Object.entries(expected)) assert.deepStrictEqual(route(task, call), options, task)
  })

  it("takes patterns of Python's kind, and none without a star", () => {
    const route = Router.table({ "a?c.*": "q", "[xy]*": "set", "[!m-p]*z": "not", "lit[a]": "literal", "**": "all" })
    const expected: Record<string, string> = {
      "abc.x": "q",
      "x1": "set",
      "az": "not",
      "mz": "all",
      "lit[a]": "literal",
      "lita": "all",
      "": "all"
    }
    for (const [task, queue] of Object.entries(expected)) assert.deepStrictEqual(route(task, call), { queue }, task)
  })

  it("matches any name by itself, and by itself with a star for any of its parts", () => {
    const name = fc.string({ unit: fc.constantFrom(..."ab.[]!-?\\^$") })
    fc.assert(fc.property(name, name, name, (before, between, after) => {
      assert.deepStrictEqual(Router.table({ [before]: "q" })(before, call), { queue: "q" })
      const pattern = `${before.replace(/[?[]/g, "*")}*${after.replace(/[?[]/g, "*")}`
      assert.deepStrictEqual(Router.table({ [pattern]: "q" })(before + between + after, call), { queue: "q" }, pattern)
    }))
  })

  it("takes regular expressions in pairs, which match from the beginning", () => {
    const route = Router.table([[/(video|image)\.[a-z]+/g, "media"], ["image.*", { queue: "images" }]])
    assert.deepStrictEqual(route("video.cut", call), { queue: "media" })
    assert.deepStrictEqual(route("video.cut", call), { queue: "media" }, "every time")
    assert.deepStrictEqual(route("image.9", call), { queue: "images" })
    assert.isUndefined(route("my.video.cut", call))
  })

  it("asks routes in their order: tables, functions, objects that route", () => {
    const asked: Array<unknown> = []
    const routes = Schema.decodeUnknownSync(Router.Routes.setting.schema())([
      { "a": "table" },
      (task: string, call: Router.RouteCall) => {
        asked.push([task, call])
        return task === "b" ? "function" : null
      },
      {
        routeForTask: (task: string, args: unknown, kwargs: unknown) =>
          task === "c" ? { queue: "object" } : asked.push(args, kwargs) && undefined
      },
      [[/d/, "pairs"]],
      { "*": "rest" }
    ])
    const full: Router.RouteCall = { args: [1], kwargs: { k: 2 }, options: { routingKey: "r" } }
    const queueOf = (task: string) => Result.getOrThrow(Router.ask(routes, task, full)).queue
    assert.deepStrictEqual(["a", "b", "c", "d", "e"].map(queueOf), ["table", "function", "object", "pairs", "rest"])
    assert.deepStrictEqual(asked[0], ["b", full])
    assert.deepStrictEqual(asked.slice(-2), [full.args, full.kwargs])
    assert.strictEqual(Result.getOrThrow(Router.ask(routes.slice(0, 1), "z", full)), Router.nowhere)
  })

  it("tells of a route that throws, or says what makes no sense", () => {
    const failing: ReadonlyArray<readonly [Router.Route, RegExp]> = [
      [() => {
        throw new Error("no such tenant")
      }, /the route of task 't' cannot be asked: no such tenant/],
      // What JavaScript may return all the same.
      [() => ({ que: "x" }) as never, /it says que, which is no queue/],
      [() => ({ queue: "x", headers: "none" }) as never, /it says queue, headers, which is/],
      [() => ({ queue: "x", timeLimit: 5 }) as never, /it says queue, timeLimit, which is/],
      [() => 5 as never, /it says number/]
    ]
    for (const [route, sentence] of failing) {
      const said = Router.ask([route], "t", call)
      assert.match(Result.isFailure(said) ? said.failure.message : "", sentence)
    }
  })

  it("takes each part from the first that says it", () => {
    assert.deepStrictEqual(Router.merge({ queue: "a" }, { queue: "b", routingKey: "k" }), {
      queue: "a",
      exchange: undefined,
      routingKey: "k"
    })
    assert.deepStrictEqual(Router.merge({ routingKey: "k" }, { queue: "b", routingKey: "l" }), {
      queue: "b",
      exchange: undefined,
      routingKey: "k"
    })
  })

  it.effect("tells the nearest name of a queue that is not there", () =>
    Effect.gen(function*() {
      const way = Router.resolve(yield* queues, { queue: "image" })
      assert.match(Result.isFailure(way) ? way.failure.message : "", /'image' is not among.*did you mean 'images'\?/)
    }).pipe(Effect.provideService(Settings.CreateMissingQueues, false)))

  it("does not compile for a queue that is not among those that are known", () => {
    const [mail, news] = [Entity.queue("mail"), Entity.broadcast("news")] as const
    Router.tableOf([mail, news], { "a.*": "mail", "b.*": { queue: "news" } })
    // @ts-expect-error: there is no queue 'mial'
    Router.tableOf([mail, news], { "a.*": "mial" })
    // @ts-expect-error: nor in what a route says at length
    Router.tableOf([mail, news], [["b.*", { queue: "new" }]])
    const name: Queues.NameOf<typeof mail | typeof news> = "news"
    assert.strictEqual(name, "news")
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
        (yield* Queues.make).default,
        Entity.queue("main", { exchange: Entity.exchange("tasks", { type: "topic" }), routingKey: "t", type: "quorum" })
      )
    }).pipe(
      Effect.provideService(Settings.DefaultExchangeType, "topic"),
      Effect.provideService(Settings.DefaultQueueType, "quorum"),
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

  it.effect("makes those that nobody configured as the settings say, the default one among them", () =>
    Effect.gen(function*() {
      const known = yield* queues
      const expected = (name: string) =>
        Entity.queue(name, { exchange: Entity.exchange(name, { type: "topic" }), routingKey: name, type: "quorum" })
      assert.deepStrictEqual(known.get("new"), expected("new"))
      assert.deepStrictEqual(known.default, expected("celery"))
    }).pipe(
      Effect.provideService(Settings.CreateMissingQueueType, "quorum"),
      Effect.provideService(Settings.CreateMissingQueueExchangeType, "topic")
    ))

  it.effect("gives a broadcast a queue of its own", () =>
    Effect.gen(function*() {
      const one = (yield* Queues.make).get("news")
      const other = (yield* Queues.make).get("news")
      assert.match(one?.name ?? "", /^bcast\.[0-9a-f-]{36}$/)
      assert.notStrictEqual(one?.name, other?.name)
      assert.deepInclude(one, { durable: true, autoDelete: true, exclusive: false, arguments: {} })
      assert.deepStrictEqual(one?.exchange, Entity.exchange("news", { type: "fanout" }))
    }).pipe(Effect.provideService(Queues.Configured, [Entity.broadcast("news")])))

  it.effect("knows the queue of a worker, whether or not others are made as needed", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(
        (yield* Queues.make).get("w1@host.dq2"),
        Entity.queue("w1@host.dq2", { exchange: Entity.exchange("C.dq2"), routingKey: "w1@host" })
      )
    }).pipe(Effect.provideService(Settings.CreateMissingQueues, false)))
})
