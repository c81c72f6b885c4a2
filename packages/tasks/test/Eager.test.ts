import * as Canvas from "@celeriac/tasks/Canvas"
import * as Client from "@celeriac/tasks/Client"
import * as Eager from "@celeriac/tasks/Eager"
import * as EagerSettings from "@celeriac/tasks/EagerSettings"
import * as Middleware from "@celeriac/tasks/Middleware"
import * as MemoryBackend from "@celeriac/tasks/result/backends/MemoryBackend"
import { ResultReader } from "@celeriac/tasks/result/ResultReader"
import * as Signature from "@celeriac/tasks/Signature"
import * as Task from "@celeriac/tasks/Task"
import * as TaskContext from "@celeriac/tasks/TaskContext"
import * as TaskRegistry from "@celeriac/tasks/TaskRegistry"
import type { TaskRequest } from "@celeriac/tasks/TaskRequest"
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { clientWith, rpc, take } from "./fixtures/broker.ts"

class Tenant extends Context.Service<Tenant, string>()("test/Tenant") {}

class Busy extends Schema.TaggedError<Busy>()("Busy", { left: Schema.Int }) {}

const Moment = Schema.Struct({ at: Schema.Date, tags: Schema.ReadonlySet(Schema.String) })
const add = Task.make("proj.add", { parameters: { x: Schema.Int, y: Schema.Int }, success: Schema.Int })
const tell = Task.make("proj.tell", { parameters: { text: Schema.String } })
const later = Task.make("proj.later", { parameters: { moment: Moment }, success: Moment })
const flaky = Task.make("proj.flaky", {
  parameters: { until: Schema.Int },
  success: Schema.Int,
  error: Busy,
  options: { maxRetries: 2 }
})
const broken = Task.make("proj.broken", { success: Schema.Int })
const wrong = Task.make("proj.wrong", { success: Schema.Int })
const left = Task.make("proj.left", { parameters: { how: Schema.String } })

/** What the handlers have seen. */
let seen: Array<TaskRequest> = []
let told: Array<string> = []
let moments: Array<unknown> = []
const noting = Middleware.make("noting", (run, request) => Effect.tap(run, () => Effect.sync(() => seen.push(request))))

const handlers = Layer.mergeAll(
  add.toLayer(({ x, y }) => Effect.succeed(x + y), { middleware: [noting] }),
  tell.toLayer(({ text }) => Effect.sync(() => void told.push(text))),
  later.toLayer(({ moment }) => Effect.sync(() => (moments.push(moment), moment))),
  flaky.toLayer(({ until }, { retries }) =>
    retries >= until
      ? Effect.succeed(retries)
      : Task.retry({ error: new Busy({ left: until - retries }), countdown: "1 hour" })
  ),
  broken.toLayer(() => Effect.die(new RangeError("out of it"))),
  wrong.toLayer(() => Effect.succeed("no number" as never)),
  left.toLayer(({ how }) => how === "ignore" ? Task.ignore() : Task.reject({ reason: "no" }))
)
const registry = Layer.provideMerge(handlers, TaskRegistry.layer)

const fresh = Effect.sync(() => {
  seen = []
  told = []
  moments = []
})
const here = <A, E>(effect: Effect.Effect<A, E, TaskRegistry.TaskRegistry>) =>
  Effect.provide(Effect.andThen(fresh, effect), registry)

describe("a task that is applied", () => {
  it.effect("runs where it is called, with its middleware, and its result is there", () =>
    Effect.gen(function*() {
      const sent = yield* Eager.apply(add, { x: 2, y: 3 }, { taskId: "one", headers: { tenant: "a" }, priority: 4 })
      expectTypeOf(sent.get()).toExtend<Effect.Effect<number, unknown>>()
      assert.strictEqual(yield* sent.get(), 5)
      assert.strictEqual(yield* sent.state, "SUCCESS")
      assert.deepStrictEqual(
        seen.map(({ argsRepr, deliveryInfo, headers, id, kwargsRepr, retries }) => ({
          argsRepr,
          priority: deliveryInfo.priority,
          headers,
          id,
          kwargsRepr,
          retries
        })),
        [{
          argsRepr: "()",
          priority: 4,
          headers: { tenant: "a" },
          id: "one",
          kwargsRepr: "{'x': 2, 'y': 3}",
          retries: 0
        }]
      )
      assert.strictEqual(yield* (yield* Eager.apply(add.s({ y: 1 }), { x: 1 })).get(), 2)
    }).pipe(here))

  it.effect("gets and gives values that have been bytes", () =>
    Effect.gen(function*() {
      const moment = { at: new Date(5), tags: new Set(["a"]) }
      const sent = yield* Eager.apply(later, { moment })
      const back = yield* sent.get()
      assert.deepStrictEqual([moments, back], [[moment], moment])
      assert.notStrictEqual(moments[0], moment)
      assert.notStrictEqual(back, moments[0])
    }).pipe(here))

  it.effect("runs again at once as often as it may, and fails with what it declares", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* (yield* Eager.apply(flaky, { until: 2 })).get(), 2)
      const sent = yield* Eager.apply(flaky, { until: 3 })
      const error = yield* Effect.flip(sent.get())
      assert.deepStrictEqual(error, new Busy({ left: 1 }))
      assert.strictEqual(yield* sent.state, "FAILURE")
    }).pipe(here))

  it.effect("tells what it died of, and where", () =>
    Effect.gen(function*() {
      const sent = yield* Eager.apply(broken)
      const error = yield* Effect.flip(sent.get())
      assert.isTrue(error._tag === "TaskException" && error.is("ValueError"))
      assert.include(yield* sent.traceback, "RangeError: out of it")
      const misfit = yield* Effect.flip((yield* Eager.apply(wrong)).get())
      assert.isTrue(misfit._tag === "TaskException" && misfit.is("EncodeError"))
    }).pipe(here))

  it.effect("has the state that its handler said, and no result then", () =>
    Effect.gen(function*() {
      const ignored = yield* Eager.apply(left, { how: "ignore" })
      assert.strictEqual(yield* ignored.state, "IGNORED")
      assert.isTrue(Option.isNone(yield* ignored.result))
      assert.include((yield* Effect.flip(ignored.get())).message, "the task is IGNORED: nothing is stored of it")
      assert.strictEqual(yield* (yield* Eager.apply(left, { how: "reject" })).state, "REJECTED")
    }).pipe(here))

  it.effect("runs what is linked to it, with its result or with its id", () =>
    Effect.gen(function*() {
      const link = [add.s({ y: 10 }), Signature.make("proj.tell", { args: ["done"], immutable: true })]
      yield* Eager.apply(add, { x: 1, y: 1 }, { taskId: "parent", link, linkError: tell.si(["failed"]) })
      assert.deepStrictEqual(seen.map(({ argsRepr, parentId, rootId }) => ({ argsRepr, parentId, rootId })), [
        { argsRepr: "()", parentId: undefined, rootId: "parent" },
        { argsRepr: "(2,)", parentId: "parent", rootId: "parent" }
      ])
      yield* Eager.apply(broken, undefined, { taskId: "bad", link: tell.si(["never"]), linkError: tell.s() })
      assert.deepStrictEqual(told, ["done", "bad"])
    }).pipe(here))

  it.effect("is refused where nothing could run, and before anything does", () =>
    Effect.gen(function*() {
      const says = <A, E extends { readonly message: string }, R>(effect: Effect.Effect<A, E, R>) =>
        Effect.map(Effect.flip(effect), ({ message }) => message)
      const nobody = Task.make("proj.nobody")
      assert.include(yield* says(Eager.apply(nobody)), "there is no handler of task 'proj.nobody' here")
      assert.include(yield* says(Eager.apply(add, { x: 1.5, y: 1 })), "argument 'x'")
      assert.include(yield* says(Eager.apply(add, [1, 2], { priority: 999 })), "priority")
      assert.include(
        yield* says(Eager.apply(Canvas.chain(add.s({ x: 1, y: 1 }), nobody.si()))),
        "there is no handler of task 'proj.nobody' here"
      )
      assert.deepStrictEqual(seen, [])
    }).pipe(here))
})

describe("a client that is always eager", () => {
  const eager = (given: { readonly propagates?: boolean; readonly stores?: boolean } = {}) =>
    Layer.mergeAll(
      Layer.succeed(EagerSettings.AlwaysEager, true),
      Layer.succeed(EagerSettings.EagerPropagates, given.propagates ?? false),
      Layer.succeed(EagerSettings.StoreEagerResult, given.stores ?? false)
    )

  it.effect("runs every task that it would send, however it is called", () =>
    Effect.gen(function*() {
      yield* fresh
      const client = yield* Client.Client
      assert.strictEqual(yield* client.execute(add, [1, 1]), 2)
      assert.strictEqual(yield* (yield* client.delay(add, [1, 2])).get(), 3)
      assert.strictEqual(yield* (yield* client.applyAsync(add.s({ y: 3 }), { x: 1 }, { countdown: "1 hour" })).get(), 4)
      assert.lengthOf(yield* client.applyMany(add, [[1, 1], [2, 2]]), 2)
      assert.lengthOf(seen, 5)
      assert.isTrue(Exit.isFailure(yield* Effect.exit(take("celery"))), "nothing was sent")
      yield* client.sendTask("proj.add", { args: [1, 2] })
      assert.strictEqual((yield* take("celery")).headers.task, "proj.add")
      assert.strictEqual(yield* client.execute(Canvas.chain(add.s([1, 1]), add.s({ y: 1 }))), 3)
      assert.isTrue(Exit.isFailure(yield* Effect.exit(take("celery"))), "nothing was sent")
    }).pipe(Effect.provide(
      Layer.mergeAll(rpc, handlers).pipe(
        Layer.provideMerge(TaskRegistry.layer),
        Layer.provide(eager())
      )
    )))

  it.effect("dies of a task that fails, when that propagates", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const defect = yield* client.delay(flaky, { until: 9 }).pipe(
        Effect.as(undefined),
        Effect.catchDefect(Effect.succeed)
      )
      assert.deepStrictEqual(defect, new Busy({ left: 7 }))
    }).pipe(Effect.provide(
      Layer.mergeAll(rpc, handlers).pipe(
        Layer.provideMerge(TaskRegistry.layer),
        Layer.provide(eager({ propagates: true }))
      )
    )))

  it.effect("stores results only when it is to", () =>
    Effect.gen(function*() {
      for (const stores of [false, true]) {
        const state = yield* Effect.gen(function*() {
          yield* (yield* Client.Client).applyAsync(add, [1, 1], { taskId: "kept" })
          return yield* (yield* ResultReader).state("kept")
        }).pipe(Effect.provide(
          Layer.mergeAll(clientWith(MemoryBackend.layer), handlers).pipe(
            Layer.provideMerge(TaskRegistry.layer),
            Layer.provide(eager({ stores }))
          )
        ))
        assert.strictEqual(state, stores ? "SUCCESS" : "PENDING")
      }
    }))

  it.effect("calls the hooks of each attempt, and gives all of them the request", () => {
    const calls: Array<string> = []
    const hooked = flaky.toLayer(
      ({ until }, { retries }) =>
        retries >= until ? Effect.succeed(retries) : Task.retry({ error: new Busy({ left: until - retries }) }),
      {
        beforeStart: (_, { retries }) => Effect.sync(() => void calls.push(`before ${retries}`)),
        onRetry: (_, { until }) =>
          Effect.flatMap(
            TaskContext.TaskContext,
            ({ kwargs, name, retries }) =>
              Effect.sync(() => void calls.push(`retry ${until} ${name} ${JSON.stringify(kwargs)} ${retries}`))
          ),
        onSuccess: (value) => Effect.sync(() => void calls.push(`success ${value}`)),
        onFailure: (cause) => Effect.sync(() => void calls.push(`failure ${Cause.squash(cause)}`)),
        afterReturn: () => Effect.die("nobody is harmed")
      }
    )
    return Effect.gen(function*() {
      assert.strictEqual(yield* (yield* Eager.apply(flaky, { until: 1 })).get(), 1)
      assert.deepStrictEqual(calls, ["before 0", "retry 1 proj.flaky {\"until\":1} 0", "before 1", "success 1"])
      calls.length = 0
      yield* Eager.apply(flaky, { until: 9 })
      assert.deepStrictEqual(calls.slice(-2), ["before 2", "failure Busy"])
    }).pipe(Effect.provide(Layer.provideMerge(hooked, TaskRegistry.layer)))
  })

  it.effect("calls the hook of a failure, as a worker does, for a result that has no form and for the last attempt", () => {
    const calls: Array<string> = []
    const onFailure = (cause: Cause.Cause<unknown>) => Effect.sync(() => void calls.push(String(Cause.squash(cause))))
    const onSuccess = () => Effect.sync(() => void calls.push("success"))
    const odd = Task.make("proj.odd", { success: Schema.Int })
    const tired = Task.make("proj.tired", { options: { maxRetries: 0 } })
    const layers = Layer.mergeAll(
      odd.toLayer(() => Effect.succeed(0.5), { onFailure, onSuccess }),
      tired.toLayer(() => Task.retry(), { onFailure, onSuccess })
    )
    return Effect.gen(function*() {
      yield* Eager.apply(odd, {})
      yield* Eager.apply(tired, {})
      assert.lengthOf(calls, 2)
      assert.match(calls[0]!, /0\.5/)
      assert.match(calls[1]!, /MaxRetriesExceededError/)
    }).pipe(Effect.provide(Layer.provideMerge(layers, TaskRegistry.layer)))
  })

  it.effect("has the task's own middleware around it, and what that provides", () => {
    const runs: Array<string> = []
    const spans = Middleware.make(
      "spans",
      (run, { task }) => Effect.ensuring(run, Effect.sync(() => void runs.push(task)))
    )
    const tenant = Middleware.provide("tenant", Tenant, () => Effect.succeed("ours"))
    const whose = Task.make("proj.whose", { success: Schema.String })
    const layer = whose.toLayer(() => Effect.service(Tenant), { middleware: [spans, tenant] })
    return Effect.gen(function*() {
      assert.strictEqual(yield* (yield* Eager.apply(whose, {})).get(), "ours")
      assert.deepStrictEqual(runs, ["proj.whose"])
    }).pipe(Effect.provide(Layer.provideMerge(layer, TaskRegistry.layer)))
  })
})
