import * as LogicalClock from "@celeriac/messaging/LogicalClock"
import * as Mailbox from "@celeriac/messaging/Mailbox"
import * as MailboxClient from "@celeriac/messaging/MailboxClient"
import { MemoryBroker } from "@celeriac/messaging/transports/MemoryBroker"
import * as Client from "@celeriac/tasks/Client"
import * as Command from "@celeriac/tasks/control/Command"
import * as Commands from "@celeriac/tasks/control/Commands"
import * as RemoteControl from "@celeriac/tasks/control/RemoteControl"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as fc from "fast-check"
import { define, Doors, gated, Lines, publish, quiet, running, settled, surroundings, taskMessage } from "../support.ts"

const one = { limit: 1 } as const

/** What the only node replied. */
const said = <A>(answers: RemoteControl.Answers<A>): A => {
  const [answer] = Object.values(answers)
  if (answer === undefined) throw new Error("nobody replied")
  return Result.getOrThrow(answer)
}

const refusal = (answers: RemoteControl.Answers<unknown>): string => {
  const [answer] = Object.values(answers)
  if (answer === undefined || Result.isSuccess(answer)) throw new Error("nobody refused")
  return answer.failure._tag === "CommandError" ? answer.failure.error : answer.failure.message
}

const withRemote = (worker: Worker.Definition<unknown, any>) =>
  // What it needs is what `running` has.
  Layer.provideMerge(RemoteControl.layer, running(worker as Worker.Definition<never, never>))

const test = (
  name: string,
  worker: () => Worker.Definition<unknown, any>,
  effect: Effect.Effect<void, unknown, any>
) =>
  it.effect(name, () => effect.pipe(Effect.provide(withRemote(worker())), Effect.provide(quiet)) as Effect.Effect<void>)

const consumed = Effect.map(
  MemoryBroker,
  (broker) => broker.queues().filter(({ consumers }) => consumers.length > 0).map(({ name }) => name).sort()
)

/** With arguments of any type, as whoever has no types sends them. */
const loose = (name: string) =>
  Command.control(name, {
    arguments: {
      n: Schema.optionalKey(Schema.Unknown),
      task_id: Schema.optionalKey(Schema.Unknown),
      terminate: Schema.optionalKey(Schema.Unknown)
    }
  })

const reconnect = Effect.gen(function*() {
  ;(yield* MemoryBroker).faults.dropConnections()
  yield* settled
  yield* TestClock.adjust("1 second")
  yield* settled
})

const empty = () => define({ tasks: [] })

describe("a worker that is told", () => {
  test(
    "to consume from another queue does so, also after a reconnect, until it is told otherwise",
    empty,
    Effect.gen(function*() {
      const { control, inspect } = yield* RemoteControl.RemoteControl
      assert.strictEqual(
        said(yield* control.addConsumer({ queue: "more", exchange: "other", routingKey: "key" }, one)),
        "add consumer more"
      )
      yield* settled
      yield* reconnect
      assert.deepStrictEqual(yield* consumed, ["celery", "celery@test.celery.pidbox", "more"])
      const [, more] = said(yield* inspect.activeQueues({}, one))
      assert.deepInclude(more, { name: "more", routingKey: "key", durable: true })
      assert.deepInclude(more?.exchange, { name: "other", type: "direct" })
      assert.strictEqual(said(yield* control.cancelConsumer({ queue: "more" }, one)), "no longer consuming from more")
      yield* settled
      yield* reconnect
      assert.deepStrictEqual(yield* consumed, ["celery", "celery@test.celery.pidbox"])
      assert.match(
        refusal(yield* control.addConsumer({ queue: "odd", exchangeType: "magic" }, one)),
        /^ValueError\(.*magic/
      )
    })
  )

  test(
    "to draw itself shows each step with its state, and how often it was started again",
    empty,
    Effect.gen(function*() {
      const { inspect } = yield* RemoteControl.RemoteControl
      yield* reconnect
      const text = said(yield* inspect.bootGraph({}, one))
      assert.match(text, /^step +state +started +took +restarts$/m)
      assert.match(text, /^ *Connection +running +1970-01-01T00:00:0\S+ +\d+ ms +1$/m)
      assert.match(text, /^ *Gossip +disabled/m)
      assert.match(said(yield* inspect.bootGraph({ format: "mermaid" }, one)), /^flowchart/)
    })
  )

  test(
    "to run more at once does so, and its prefetch follows",
    () => define({ tasks: [], prefetch: { multiplier: 4 } }),
    Effect.gen(function*() {
      const { control, inspect } = yield* RemoteControl.RemoteControl
      const stats = Effect.map(inspect.stats({}, one), (answers) => {
        const { pool, prefetchCount } = said(answers)
        return [typeof pool === "object" ? pool["max-concurrency"] : pool, prefetchCount]
      })
      assert.deepStrictEqual(yield* stats, [2, 8])
      assert.strictEqual(said(yield* control.poolGrow({ n: 3 }, one)), "pool will grow")
      yield* settled
      assert.deepStrictEqual(yield* stats, [5, 20])
      assert.strictEqual(said(yield* control.poolShrink({}, one)), "pool will shrink")
      yield* settled
      assert.deepStrictEqual(yield* stats, [4, 16])
      assert.strictEqual(
        refusal(yield* control.poolShrink({ n: 4 }, one)),
        "ValueError('the pool has 4 slots: it cannot have 0')"
      )
    })
  )

  test(
    "between which bounds to scale does so, and leaves growing and shrinking to that",
    () => define({ tasks: [], concurrency: 2, settings: { autoscale: { max: 4, min: 1 } } }),
    Effect.gen(function*() {
      const { control } = yield* RemoteControl.RemoteControl
      assert.strictEqual(said(yield* control.autoscale({ max: 8 }, one)), "autoscale now max=8 min=1")
      assert.match(refusal(yield* control.autoscale({ max: 1, min: 5 }, one)), /^ValueError\(.*max=1 min=5/)
      assert.strictEqual(
        refusal(yield* control.poolGrow({}, one)),
        "pool_grow is not supported with autoscale. Adjust autoscale range instead."
      )
    })
  )

  test(
    "in Python's loose types understands: 1 and 0, texts of numbers, a text for a list of one",
    () => define({ tasks: [gated.toLayer(({ n }) => Effect.succeed(n))] }),
    Effect.gen(function*() {
      const { call } = yield* RemoteControl.RemoteControl
      assert.strictEqual(said(yield* call(loose("pool_grow"), { n: "3" }, one)), "pool will grow")
      assert.strictEqual(said(yield* call(loose("pool_shrink"), { n: null }, one)), "pool will shrink")
      const revoking = (terminate: unknown) => call(loose("revoke"), { task_id: "1", terminate }, one)
      for (const yes of [true, 1, -0.5, "False", [0], { a: 1 }]) {
        assert.strictEqual(said(yield* revoking(yes)), "terminate: tasks unknown")
      }
      for (const no of [false, 0, "", null, [], {}]) {
        assert.strictEqual(said(yield* revoking(no)), "tasks {'1'} flagged as revoked")
      }
      const registered = Command.inspect("registered", {
        arguments: { taskinfoitems: Schema.Unknown },
        reply: Schema.Unknown
      })
      assert.deepStrictEqual(said(yield* call(registered, { taskinfoitems: "rate_limit" }, one)), ["gated"])
      assert.deepStrictEqual(said(yield* call(registered, { taskinfoitems: ["name"] }, one)), ["gated [name=gated]"])
      yield* call(Commands.control.timeLimit, { taskName: "gated", soft: 7 }, one)
      assert.deepStrictEqual(
        said(yield* call(registered, { taskinfoitems: ["time_limit", "soft_time_limit"] }, one)),
        ["gated [soft_time_limit=7]"]
      )
      for (const n of ["three", "1.5", "", true, [1]]) {
        assert.match(refusal(yield* call(loose("pool_grow"), { n }, one)), /^TypeError\(.*argument \\?'n/)
      }
    })
  )

  test(
    "to say when what it holds is due says it as Python does: to the microsecond, with the offset that its sender wrote",
    () => define({ tasks: [gated.toLayer(({ n }) => Effect.succeed(n))] }),
    Effect.gen(function*() {
      const due: ReadonlyArray<[string, string]> = [
        ["2099-01-02T03:04:05.678901+02:00", "2099-01-02T03:04:05.678901+02:00"],
        ["2099-01-02T03:04:05.678901", "2099-01-02T03:04:05.678901+00:00"],
        ["2099-01-02T03:04:05Z", "2099-01-02T03:04:05+00:00"]
      ]
      for (const [eta] of due) yield* publish(taskMessage({ task: "gated", id: eta, kwargs: { n: 1 }, eta }))
      yield* settled
      const { inspect } = yield* RemoteControl.RemoteControl
      const told = said(yield* inspect.scheduled({}, one)).map(({ eta, request }) => [request.id, eta])
      assert.deepStrictEqual(told, Array.from(due))
    })
  )

  test(
    "what it cannot do says so, and does not pretend",
    () => define({ tasks: [gated.toLayer(({ n }) => Effect.succeed(n))] }),
    Effect.gen(function*() {
      const { control, inspect } = yield* RemoteControl.RemoteControl
      assert.match(refusal(yield* control.timeLimit({ taskName: "gated", soft: -1 }, one)), /-1 is no time limit/)
      assert.strictEqual(refusal(yield* control.timeLimit({ taskName: "nosuch" }, one)), "unknown task")
      assert.match(refusal(yield* inspect.objgraph({}, one)), /heap snapshot/)
      assert.strictEqual(refusal(yield* control.autoscale({ max: 3 }, one)), "ValueError('Autoscale not enabled')")
      assert.strictEqual(refusal(yield* control.poolRestart({}, one)), "ValueError('Pool restarts not enabled')")
      assert.match(refusal(yield* control.election({ id: "1", topic: "t" }, one)), /holds no elections/)
    })
  )
})

describe("a worker that is asked", () => {
  const doors = new Doors()
  test(
    "replies while its tasks run, and waits for none",
    () => define({ tasks: [doors.late], concurrency: 1 }),
    Effect.gen(function*() {
      const client = yield* Client.Client
      const { inspect, ping } = yield* RemoteControl.RemoteControl
      yield* client.delay(gated, { n: 1 })
      yield* client.delay(gated, { n: 2 })
      yield* settled
      assert.strictEqual(said(yield* ping(one)), "pong")
      const [active] = said(yield* inspect.active({}, one))
      assert.deepInclude(active, { type: "gated", kwargs: { n: 1 }, acknowledged: false, workerPid: process.pid })
      const [safe] = said(yield* inspect.active({ safe: true }, one))
      assert.strictEqual(safe?.kwargs, "{'n': 1}")
      const [reserved] = said(yield* inspect.reserved({}, one))
      assert.deepInclude(reserved, { kwargs: { n: 2 }, timeStart: null, workerPid: null })
      doors.open(1, 2)
    })
  )

  test(
    "tells a new node what is revoked and what time it is, and itself nothing",
    empty,
    Effect.gen(function*() {
      const { control, inspect } = yield* RemoteControl.RemoteControl
      yield* control.revoke({ taskId: ["a", "b"] }, one)
      const hello = said(yield* inspect.hello({ fromNode: "new@host", revoked: ["c"] }, one))
      assert.deepStrictEqual(hello?.revoked, ["a", "b", "c"])
      assert.isAbove(hello?.clock ?? 0, 0)
      assert.isNull(said(yield* inspect.hello({ fromNode: "celery@test" }, one)))
      // Before 5.7 it was a table.
      const old = said(yield* inspect.hello({ fromNode: "old@host", revoked: { d: [1.5, "d"] } }, one))
      assert.deepStrictEqual(old?.revoked, ["a", "b", "c", "d"])
    })
  )

  test(
    "shows its settings, and no secret",
    () => {
      // As `Settings.fromCelery` gives it.
      const broker: object = { brokerUrl: Redacted.make("amqp://me:hidden@host") }
      return define({ tasks: [], concurrency: 3, settings: { ...broker, resultExpires: "1 hour" } })
    },
    Effect.gen(function*() {
      const { inspect } = yield* RemoteControl.RemoteControl
      const some = said(yield* inspect.conf({}, one))
      assert.deepInclude(some, { result_expires: 3600, worker_concurrency: 3 })
      assert.notProperty(some, "task_serializer")
      const all = said(yield* inspect.conf({ withDefaults: true }, one))
      assert.deepInclude(all, { task_serializer: "json", control_exchange: "celery", control_queue_expires: 10 })
      const report = said(yield* inspect.report({}, one))
      assert.notInclude(JSON.stringify([some, all, report]), "hidden")
    })
  )

  test(
    "replies again after its connection, or its channel, was lost",
    empty,
    Effect.gen(function*() {
      const { ping } = yield* RemoteControl.RemoteControl
      const { faults } = yield* MemoryBroker
      yield* reconnect
      assert.strictEqual(said(yield* ping(one)), "pong")
      faults.closeChannels(406, "a reason", ({ queues }) => queues.some((name) => name.startsWith("celery@test")))
      yield* settled
      yield* TestClock.adjust("1 second")
      yield* settled
      assert.strictEqual(said(yield* ping(one)), "pong")
    })
  )

  it.effect("by a name that another has warns, works, and replies when the other has gone", () => {
    const lines = new Lines()
    return Effect.gen(function*() {
      const { ping } = yield* RemoteControl.RemoteControl
      yield* Effect.scoped(Effect.gen(function*() {
        yield* Layer.build(Layer.fresh(empty().layer))
        yield* Layer.build(Layer.fresh(empty().layer))
        yield* settled
        assert.isTrue(lines.has("A node named celery@test is already using this process mailbox!"))
        assert.strictEqual(said(yield* ping(one)), "pong")
      }))
      yield* Effect.scoped(Effect.gen(function*() {
        yield* Layer.build(Layer.fresh(empty().layer))
        assert.strictEqual(said(yield* ping(one)), "pong")
      }))
    }).pipe(Effect.provide(Layer.provideMerge(RemoteControl.layer, surroundings())), Effect.provide(lines.layer))
  })

  const names = [...Object.values(Commands.inspect), ...Object.values(Commands.control)]
    .flatMap(({ aliases, name }) => [String(name)].concat(aliases))
    .filter((name) => name !== "shutdown")

  const values = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    // Not the name of the queue: a worker that is told to leave it does.
    fc.constantFrom(-1, 1e308, 2 ** 53, "__proto__", "nowhere", "a".repeat(300), [[[]]], { constructor: null }, [
      "gated"
    ])
  )

  it("carries on whatever it is sent", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(
            fc.oneof(fc.constantFrom(...names), fc.string()),
            fc.dictionary(
              fc.oneof(
                fc.constantFrom(
                  ...[
                    "task_id",
                    "signal",
                    "terminate",
                    "headers",
                    "task_name",
                    "rate_limit",
                    "n",
                    "max",
                    "min",
                    "queue"
                  ],
                  ...[
                    "exchange",
                    "exchange_type",
                    "ids",
                    "safe",
                    "taskinfoitems",
                    "from_node",
                    "revoked",
                    "samples",
                    "msg"
                  ]
                ),
                fc.string()
              ),
              values
            )
          ).filter(([name]) => name !== "shutdown"),
          { maxLength: 40 }
        ),
        (commands) =>
          Effect.runPromise(
            Effect.gen(function*() {
              const client = yield* Client.Client
              const { ping } = yield* RemoteControl.RemoteControl
              const mailbox = yield* MailboxClient.make({ mailbox: yield* Mailbox.make(), clock: LogicalClock.make() })
              for (const [name, args] of commands) yield* mailbox.request(name, args, "ticket")
              assert.strictEqual(said(yield* ping(one)), "pong")
              assert.strictEqual(yield* client.execute(gated, { n: 7 }, { timeout: "5 seconds" }), 7)
            }).pipe(
              Effect.scoped,
              Effect.provide(withRemote(define({ tasks: [gated.toLayer(({ n }) => Effect.succeed(n))] }))),
              Effect.provide(quiet)
            ) as Effect.Effect<void>
          )
      ),
      { numRuns: 20 }
    ), 120_000)
})
