import * as Client from "@celeriac/tasks/Client"
import * as PublishSignals from "@celeriac/tasks/PublishSignals"
import * as Task from "@celeriac/tasks/Task"
import * as TaskSignals from "@celeriac/worker/execution/TaskSignals"
import * as WorkerSignals from "@celeriac/worker/state/WorkerSignals"
import * as TestWorker from "@celeriac/worker/testing/TestWorker"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import { expectTypeOf } from "vitest"
import { define, drain, Lines, publish, quiet, running, taskMessage, until } from "./support.ts"

const act = Task.make("act", {
  parameters: { how: Schema.String },
  success: Schema.String,
  options: { defaultRetryDelay: "1 hour" }
})

const ActLive = act.toLayer(({ how }) => {
  switch (how) {
    case "fail":
      return Effect.die(new RangeError("no"))
    case "again":
      return Task.retry({ defect: new RangeError("later") })
    case "ignore":
      return Task.ignore()
    default:
      return Effect.succeed(how)
  }
})

/** Notes every signal of a task. */
const noting = (log: Array<string>) => {
  const note = (...what: ReadonlyArray<unknown>) => Effect.sync(() => void log.push(what.join(" ")))
  return TaskSignals.layer({
    taskReceived: ({ id }) => note("received", id),
    taskPrerun: ({ id }) => note("prerun", id),
    taskPostrun: ({ id }, { _tag }) => note("postrun", id, _tag),
    taskSuccess: ({ id }, { result, runtime }) => note("success", id, result, runtime),
    taskRetry: ({ id }, { exception }) => note("retry", id, exception?.excType),
    taskFailure: ({ id }, { exception }) => note("failure", id, exception.excType),
    taskRevoked: ({ id }, { why }) => note("revoked", id, why),
    taskUnknown: ({ id }, { task }) => note("unknown", id, task),
    taskRejected: ({ id }, { message }) => note("rejected", id, message.slice(0, 10))
  })
}

describe("the signals of tasks", () => {
  const comings: ReadonlyArray<readonly [id: string, about: object, signals: ReadonlyArray<string>]> = [
    ["done", {}, ["received done", "prerun done", "success done done 0", "postrun done Success"]],
    ["fail", {}, ["received fail", "prerun fail", "failure fail RangeError", "postrun fail Failure"]],
    ["again", {}, [
      "received again",
      "prerun again",
      "received again",
      "retry again RangeError",
      "postrun again Retry"
    ]],
    ["ignore", {}, ["received ignore", "prerun ignore", "postrun ignore Ignored"]],
    ["late", { expires: -1 }, ["revoked late expired"]],
    ["other", { task: "other" }, ["unknown other other"]]
  ]
  for (const [id, about, signals] of comings) {
    it.effect(`come at Celery's moments (${id})`, () => {
      const log: Array<string> = []
      return Effect.gen(function*() {
        yield* publish(taskMessage({ task: "act", id, args: [id], ...about }))
        yield* until("all have come", () => log.length >= signals.length)
        assert.deepStrictEqual(log.slice(0, signals.length), signals)
      }).pipe(
        Effect.provide(running(define({ tasks: [ActLive] })).pipe(Layer.provide(noting(log)))),
        Effect.provide(quiet)
      )
    })
  }

  it.effect("come when the hooks of the task have been called", () => {
    const log: Array<string> = []
    const note = (what: string) => () => Effect.sync(() => void log.push(what))
    const live = act.toLayer(({ how }) => Effect.succeed(how), {
      beforeStart: note("beforeStart"),
      onSuccess: note("onSuccess"),
      afterReturn: note("afterReturn")
    })
    const signals = TaskSignals.layer({
      taskPrerun: note("taskPrerun"),
      taskSuccess: note("taskSuccess"),
      taskPostrun: note("taskPostrun")
    })
    return Effect.gen(function*() {
      yield* publish(taskMessage({ task: "act", id: "a", args: ["x"] }))
      yield* until("all have come", () => log.length === 6)
      assert.deepStrictEqual(log, [
        ...["taskPrerun", "beforeStart", "onSuccess", "afterReturn", "taskSuccess", "taskPostrun"]
      ])
    }).pipe(Effect.provide(running(define({ tasks: [live] })).pipe(Layer.provide(signals))), Effect.provide(quiet))
  })

  it.effect("add up, and one that fails is told of and harms nothing", () => {
    const lines = new Lines()
    const log: Array<string> = []
    const failing = TaskSignals.layer({ taskSuccess: () => Effect.fail("no") })
    return Effect.gen(function*() {
      yield* publish(taskMessage({ task: "act", id: "a", args: ["x"] }))
      yield* until("it was told", () => lines.has("A receiver of the signal taskSuccess failed:"))
      assert.include(log, "success a x 0")
    }).pipe(
      Effect.provide(
        running(define({ tasks: [ActLive] })).pipe(Layer.provide(noting(log).pipe(Layer.provideMerge(failing))))
      ),
      Effect.provide(lines.layer)
    )
  })

  it("need what they use, and are those there are", () => {
    class Pager extends Context.Service<Pager, string>()("test/Signals/Pager") {}
    class Meter extends Context.Service<Meter, string>()("test/Signals/Meter") {}
    const both = TaskSignals.layer({ taskFailure: () => Pager, taskPrerun: () => Meter })
    expectTypeOf(both).toEqualTypeOf<Layer.Layer<never, never, Pager | Meter>>()
    expectTypeOf(TaskSignals.layer({ taskPrerun: () => Effect.void })).toEqualTypeOf<Layer.Layer<never>>()
    // @ts-expect-error there is no such signal
    TaskSignals.layer({ taskPreRun: () => Effect.void })
  })
})

describe("the signals of a worker", () => {
  it.effect("come when it begins, is ready, is asked to stop and has stopped", () => {
    const log: Array<string> = []
    const note = (what: string) => Effect.sync(() => void log.push(what))
    const signals = WorkerSignals.layer({
      workerInit: (nodename) => note(`init ${nodename}`),
      workerReady: () => Effect.andThen(note("ready"), Effect.die("harmless")),
      workerShuttingDown: (_, { _tag }) => note(`shutting down: ${_tag}`),
      workerShutdown: () => note("shut down")
    })
    return Effect.gen(function*() {
      yield* Effect.scoped(Layer.build(TestWorker.layer({ tasks: [ActLive] }).pipe(Layer.provide(signals))))
      assert.deepStrictEqual(log, ["init celery@test", "ready", "shutting down: Terminate", "shut down"])
    }).pipe(Effect.provide(quiet))
  })
})

describe("the signal of heartbeats", () => {
  it.effect("comes with each beat that monitors are told, and none is held up by who is told", () => {
    const log: Array<string> = []
    const signals = WorkerSignals.layer({
      heartbeatSent: (nodename, { freq }) =>
        Effect.andThen(Effect.sync(() => void log.push(`${nodename} ${freq}`)), Effect.never)
    })
    const worker = define({ tasks: [ActLive], settings: { without: ["mingle", "gossip"] } })
    return Effect.gen(function*() {
      yield* Effect.scoped(Effect.gen(function*() {
        yield* Layer.build(running(worker).pipe(Layer.provide(signals)))
        yield* TestClock.adjust("4 seconds")
        assert.deepStrictEqual(log, ["celery@test 2", "celery@test 2", "celery@test 2"])
      }))
      assert.strictEqual(log.length, 4)
    }).pipe(Effect.provide(quiet))
  })
})

describe("the signals of sending", () => {
  it.effect("are those of retries too, which a worker sends: asked once, told when the broker has it", () => {
    const log: Array<unknown> = []
    const signals = PublishSignals.layer({
      beforeTaskPublish: ({ id, message, task }) => {
        log.push(["before", task, id, message.headers["retries"]])
        return { ...message, headers: { ...message.headers, tenant: 7 } }
      },
      afterTaskPublish: ({ id, message, to }) => log.push(["after", id, message.headers["tenant"], to.routingKey])
    })
    return Effect.gen(function*() {
      yield* publish(taskMessage({ task: "act", id: "a", args: ["again"] }))
      yield* until("it is to run again", () => log.length >= 2)
      assert.deepStrictEqual(log, [["before", "act", "a", 1], ["after", "a", 7, "celery"]])
    }).pipe(
      Effect.provide(running(define({ tasks: [ActLive] })).pipe(Layer.provide(signals))),
      Effect.provide(quiet)
    )
  })

  it.effect("may change the message, and tell when the broker has it", () => {
    const lines = new Lines()
    const log: Array<unknown> = []
    const signals = PublishSignals.layer({
      beforeTaskPublish: ({ message }) => ({
        ...message,
        headers: { ...message.headers, tenant: 7 },
        properties: { ...message.properties, appId: "mine" }
      }),
      afterTaskPublish: ({ id, message, to }) => log.push([id, message.headers["tenant"], to.routingKey])
    })
    const throwing = PublishSignals.layer({
      beforeTaskPublish: () => {
        throw new RangeError("no")
      }
    })
    return Effect.gen(function*() {
      yield* (yield* Client.Client).sendTask("x", { queue: "elsewhere", taskId: "a" })
      const [sent] = yield* drain("elsewhere")
      assert.deepStrictEqual([sent?.headers["tenant"], sent?.headers["id"], sent?.properties.appId], [7, "a", "mine"])
      assert.deepStrictEqual(log, [["a", 7, "elsewhere"]])
      assert.isTrue(lines.has("A receiver of the signal beforeTaskPublish threw:"))
    }).pipe(
      Effect.provide(TestWorker.layer({ tasks: [ActLive] })),
      Effect.provide(throwing.pipe(Layer.provideMerge(signals))),
      Effect.provide(lines.layer)
    )
  })
})
