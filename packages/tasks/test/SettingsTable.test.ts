import * as BrokerSettings from "@celeriac/tasks/BrokerSettings"
import * as Queues from "@celeriac/tasks/Queues"
import * as Router from "@celeriac/tasks/Router"
import * as Settings from "@celeriac/tasks/Settings"
import { SettingsError } from "@celeriac/tasks/SettingsError"
import * as SettingsTable from "@celeriac/tasks/SettingsTable"
import * as TaskSettings from "@celeriac/tasks/TaskSettings"
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"

const table = { ...BrokerSettings.table, ...TaskSettings.table }

const valueOf = <A>(result: Result.Result<A, SettingsError>): A =>
  Result.isSuccess(result) ? result.success : assert.fail(result.failure.message)

const wrong = (result: Result.Result<unknown, SettingsError>): ReadonlyArray<string> =>
  Result.isFailure(result) ? result.failure.problems.map(({ message }) => message) : assert.fail("nothing is wrong")

describe("the table of settings", () => {
  it("has a name, a default that fits, and a line of documentation for each", () => {
    for (const [name, setting] of Object.entries(table)) {
      assert.match(name, /^[a-z][A-Za-z]+$/)
      assert.match(setting.doc, /^(`x-|[A-Z0-9]).*\.$/, name)
      const value = setting.default()
      if (value !== undefined) {
        assert.deepStrictEqual(SettingsTable.decodeUnsafe({ [name]: setting }, { [name]: value }), { [name]: value })
      }
    }
  })

  it("gives each name of Celery to one setting", () => {
    const names = Object.values(table).flatMap(({ celery }) => celery === undefined ? [] : [celery])
    assert.deepStrictEqual(names, [...new Set(names)])
  })

  it("has the types of its entries", () => {
    expectTypeOf<TaskSettings.Given["defaultQueue"]>().toEqualTypeOf<string | undefined>()
    expectTypeOf<TaskSettings.Given["resultExpires"]>().toEqualTypeOf<Duration.Input | undefined>()
    expectTypeOf<TaskSettings.Given["routes"]>().toEqualTypeOf<Router.RoutesInput | undefined>()
    expectTypeOf<TaskSettings.Some["routes"]>().toEqualTypeOf<ReadonlyArray<Router.Route> | undefined>()
    const given: ReadonlyArray<TaskSettings.Given> = [
      { defaultQueue: "main", acksLate: true },
      // @ts-expect-error there is no such setting
      { defaultQueu: "main" },
      // @ts-expect-error a name is no number
      { defaultQueue: 5 },
      // @ts-expect-error 3 is no delivery mode
      { defaultDeliveryMode: 3 }
    ]
    assert.lengthOf(given, 4)
  })
})

const call: Router.RouteCall = { args: [], kwargs: {}, options: {} }

describe("settings that a program gives", () => {
  it.effect("hold for all that is below, and the rest keeps its default", () =>
    Effect.gen(function*() {
      const route = Router.table({ "emails.*": "emails" })
      const read = Effect.all([Settings.DefaultQueue, Settings.AcksLate, Settings.Serializer])
      assert.deepStrictEqual(
        yield* Effect.provide(read, TaskSettings.layer({ defaultQueue: "main", acksLate: true })),
        ["main", true, "json"]
      )
      const routes = yield* Effect.provide(Router.Routes, TaskSettings.layer({ routes: [route, { "a": "b" }] }))
      assert.deepStrictEqual(routes.map((route) => [route("emails.send", call), route("a", call)]), [
        [{ queue: "emails" }, undefined],
        [undefined, { queue: "b" }]
      ])
    }))

  it("tell all that is wrong at once, with what may have been meant", () => {
    // What JavaScript gives, no type has seen.
    const given = { defaultQueu: "main", acksLate: "yes", defaultPriority: 300, serializer: undefined, constructor: 1 }
    assert.deepStrictEqual(wrong(SettingsTable.decode(table, given as object)), [
      "there is no setting defaultQueu: did you mean defaultQueue?",
      "acksLate is \"yes\", and must be true or false",
      "defaultPriority is 300, and must be a whole number from 0 to 255",
      "there is no setting constructor"
    ])
    assert.throws(
      () => TaskSettings.layer({ resultExpires: 0 }),
      SettingsError,
      "settings: resultExpires is 0, and must be a time"
    )
  })

  it("are refused where they cannot work", () => {
    for (
      const given of [
        { defaultQueue: "" },
        { resultExpires: "Infinity" },
        { resultExpires: -1 },
        { resultExpires: "soon" },
        { acceptContent: ["json", ""] },
        { routes: { a: 5 } },
        { routes: { a: { routing_key: "b" } } },
        { routes: { a: { queue: 5 } } },
        { taskQueues: [{ name: "a" }] },
        { defaultDeliveryMode: "2" }
      ]
    ) {
      assert.lengthOf(wrong(SettingsTable.decode(table, given as TaskSettings.Given)), 1, JSON.stringify(given))
    }
  })

  it("never show what may be a secret", () => {
    for (const brokerUrl of [5, "", ["amqp://me:hush@host", 5], { url: "amqp://me:hush@host" }]) {
      const [problem = ""] = wrong(SettingsTable.decode(table, { brokerUrl } as BrokerSettings.Given))
      assert.match(problem, /^brokerUrl must be the URL of a broker/)
      assert.notInclude(problem, "hush")
    }
    const [problem = ""] = wrong(SettingsTable.fromCelery(table, { task_serializer: ["redis://me:hush@host/0"] }))
    assert.strictEqual(problem, "task_serializer is [\"redis://..., and must be text")
  })
})

describe("settings of the environment", () => {
  const read = (environment: Readonly<Record<string, string>>) => SettingsTable.fromEnvironment(table, environment)

  it("are named as ours, and read as text", () => {
    const some = valueOf(read({
      CELERIAC_DEFAULT_QUEUE: "main",
      CELERIAC_ACKS_LATE: "yes",
      CELERIAC_CREATE_MISSING_QUEUES: "0",
      CELERIAC_DEFAULT_PRIORITY: "5",
      CELERIAC_DEFAULT_DELIVERY_MODE: "1",
      CELERIAC_RESULT_EXPIRES: "90",
      CELERIAC_PUBLISH_DEADLINE: "5 seconds",
      CELERIAC_ACCEPT_CONTENT: "json, yaml",
      CELERIAC_SERIALIZER: " ",
      HOME: "somewhere"
    }))
    assert.deepStrictEqual(some, {
      defaultQueue: "main",
      acksLate: true,
      createMissingQueues: false,
      defaultPriority: 5,
      defaultDeliveryMode: 1,
      resultExpires: 90_000,
      publishDeadline: "5 seconds",
      acceptContent: ["json", "yaml"]
    })
  })

  it("count before those that Celery reads, which count too", () => {
    const url = (environment: Readonly<Record<string, string>>) => {
      const { brokerUrl } = valueOf(read(environment))
      return Redacted.isRedacted(brokerUrl) ? Redacted.value(brokerUrl) : brokerUrl
    }
    assert.strictEqual(url({ CELERY_BROKER_URL: "amqp://theirs" }), "amqp://theirs")
    assert.strictEqual(url({ CELERY_BROKER_URL: "amqp://theirs", CELERIAC_BROKER_URL: "amqp://ours" }), "amqp://ours")
    assert.isUndefined(url({ CELERIAC_BROKER_URL: "" }))
  })

  it("tell all that is wrong, by the names of the variables", () => {
    assert.deepStrictEqual(wrong(read({ CELERIAC_ACKS_LATE: "perhaps", CELERIAC_DEFAULT_PRIORITY: "high" })), [
      "CELERIAC_ACKS_LATE is \"perhaps\", and must be true or false",
      "CELERIAC_DEFAULT_PRIORITY is \"high\", and must be a whole number from 0 to 255"
    ])
  })
})

describe("settings of a Celery configuration", () => {
  const read = (configuration: Readonly<Record<string, unknown>>) => SettingsTable.fromCelery(table, configuration)

  it("are read under Celery's names", () => {
    const { brokerUrl: _, ...some } = valueOf(read({
      broker_url: "amqp://me:hush@host//",
      task_default_queue: "main",
      task_default_exchange: null,
      task_default_delivery_mode: "transient",
      accept_content: ["json", "yaml"],
      result_expires: 3600,
      task_acks_late: true,
      enable_utc: true,
      task_protocol: 2
    }))
    assert.deepStrictEqual(some, {
      defaultQueue: "main",
      defaultDeliveryMode: 1,
      acceptContent: ["json", "yaml"],
      resultExpires: 3_600_000,
      acksLate: true
    })
  })

  it("say how often a task is sent that the broker did not take", () => {
    const { publishRetryPolicy } = valueOf(read({
      task_publish_retry_policy: { max_retries: null, interval_start: 0, interval_step: 0.2, interval_max: 1 }
    }))
    assert.deepStrictEqual(
      publishRetryPolicy,
      { maxRetries: Infinity, intervalStart: 0, intervalStep: 200, intervalMax: 1_000 }
    )
    for (const wrongOne of [3, "often", [], { max_retries: -1 }, { interval_step: "soon" }, { retries: 3 }]) {
      assert.match(wrong(read({ task_publish_retry_policy: wrongOne }))[0]!, /must be a policy of some of maxRetries/)
    }
  })

  for (
    const routes of [
      { "feed.*": { queue: "feeds", routing_key: "feed.key" }, "slow": "slow" },
      [{ "feed.*": { queue: "feeds", routing_key: "feed.key" } }, { slow: "slow" }],
      [
        [["feed.*", { queue: "feeds", routing_key: "feed.key" }]],
        (name: string) => name === "slow" ? { queue: name } : undefined
      ]
    ]
  ) {
    it(`has routes as ${JSON.stringify(routes)}`, () => {
      const read = SettingsTable.fromCelery(table, { task_routes: routes })
      const ask = (task: string) =>
        valueOf(read).routes?.map((route) => route(task, call)).find((answer) => answer !== undefined)
      assert.deepStrictEqual(ask("feed.import"), { queue: "feeds", routingKey: "feed.key" })
      assert.deepStrictEqual(ask("slow"), { queue: "slow" })
      assert.isUndefined(ask("other"))
    })
  }

  it.effect("has queues by their names", () =>
    Effect.gen(function*() {
      const { taskQueues = [] } = valueOf(read({
        task_queues: {
          plain: null,
          topics: {
            exchange: "media",
            exchange_type: "topic",
            routing_key: "media.#",
            queue_arguments: { "x-max-length": 5 }
          }
        }
      }))
      const queues = yield* Effect.provide(Queues.make, TaskSettings.layer({ taskQueues }))
      const topics = queues.get("topics")
      assert.deepStrictEqual([topics?.bindings[0]?.exchange.type, topics?.bindings[0]?.routingKey, topics?.arguments], [
        "topic",
        "media.#",
        { "x-max-length": 5 }
      ])
      assert.deepStrictEqual(queues.get("plain"), queues.get("unknown") && { ...queues.get("plain")! })
      assert.lengthOf(wrong(read({ task_queues: { a: { exchange_typ: "topic" } } })), 1)
    }))

  it("tells apart what is not known, what is not supported, and what does not fit", () => {
    assert.deepStrictEqual(
      wrong(read({
        task_defualt_queue: "main",
        CELERY_ACKS_LATE: true,
        quux: 1,
        worker_proc_alive_timeout: 60,
        enable_utc: false,
        task_acks_late: "maybe",
        result_expires: null,
        result_backend: 5
      })),
      [
        "there is no setting task_defualt_queue: did you mean task_default_queue?",
        "there is no setting CELERY_ACKS_LATE: did you mean task_acks_late?",
        "there is no setting quux",
        "worker_proc_alive_timeout is a setting of Celery that does nothing here: leave it out",
        "enable_utc is always true here: leave it out, or say so",
        "task_acks_late is \"maybe\", and must be true or false",
        "result_expires is \"Infinity\", and must be a time of more than 0: seconds, or with a unit, such as \"90 minutes\"",
        "result_backend must be the URL of a result backend, such as rpc://"
      ]
    )
  })
})
