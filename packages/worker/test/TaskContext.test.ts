import * as Entity from "@celeriac/messaging/Entity"
import * as Topology from "@celeriac/messaging/Topology"
import { Transport } from "@celeriac/messaging/Transport"
import * as AsyncResult from "@celeriac/tasks/AsyncResult"
import * as Client from "@celeriac/tasks/Client"
import * as Middleware from "@celeriac/tasks/Middleware"
import * as MemoryBackend from "@celeriac/tasks/result/backends/MemoryBackend"
import * as ResultError from "@celeriac/tasks/result/ResultError"
import { ResultReader } from "@celeriac/tasks/result/ResultReader"
import * as ResultTuple from "@celeriac/tasks/result/ResultTuple"
import * as ResultSet from "@celeriac/tasks/ResultSet"
import * as Task from "@celeriac/tasks/Task"
import * as TaskContext from "@celeriac/tasks/TaskContext"
import type { TaskRegistry } from "@celeriac/tasks/TaskRegistry"
import type { TaskRequest } from "@celeriac/tasks/TaskRequest"
import * as TaskSettings from "@celeriac/tasks/TaskSettings"
import * as TestWorker from "@celeriac/worker/testing/TestWorker"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { expectTypeOf } from "vitest"
import {
  define,
  drain,
  idOf,
  Lines,
  lookup,
  publish,
  quiet,
  running,
  settled,
  SlowStore,
  taskMessage,
  until
} from "./support.ts"

const outer = Task.make("outer", { success: Schema.String })
const inner = Task.make("inner", { parameters: { n: Schema.optionalKey(Schema.Int) } })
const elsewhere = { queue: "elsewhere" }

class Tenant extends Context.Service<Tenant, string>()("test/TaskContext/Tenant") {}

describe("TaskContext", () => {
  it.effect("gives whoever is called by a handler all that its message says", () => {
    let seen: TaskRequest | undefined
    let second: TaskRequest | undefined
    const live = Task.make("seen", { parameters: { x: Schema.Int } }).toLayer((_, request) => {
      second = request
      return Effect.map(TaskContext.TaskContext, (context) => void (seen = context))
    })
    return Effect.gen(function*() {
      yield* publish(taskMessage({
        task: "seen",
        id: "a",
        args: [1],
        retries: 2,
        rootId: "r",
        parentId: "p",
        group: "g",
        groupIndex: 4,
        shadow: "shown",
        timeLimit: { hard: 60, soft: 50 },
        stampedHeaders: ["tenant"],
        stamps: { tenant: "t" },
        custom: { mine: { deep: [1] } },
        replyTo: "q",
        correlationId: "c",
        priority: 3,
        properties: { messageId: "m", userId: undefined }
      }))
      yield* until("it ran", () => seen !== undefined)
      assert.strictEqual(seen, second)
      const { args, deliveryInfo, group, groupIndex, headers, id, kwargs, name, parentId, properties, stamps } = seen!
      assert.deepStrictEqual([id, name, seen!.task, seen!.retries], ["a", "shown", "seen", 2])
      assert.deepStrictEqual([seen!.rootId, parentId, group, groupIndex], ["r", "p", "g", 4])
      assert.deepStrictEqual([args, kwargs], [[1], {}])
      assert.deepStrictEqual([headers, stamps, seen!.stampedHeaders], [{ mine: { deep: [1] } }, { tenant: "t" }, [
        "tenant"
      ]])
      assert.deepStrictEqual([seen!.timeLimit, seen!.softTimeLimit], [60, 50])
      assert.deepStrictEqual([seen!.replyTo, seen!.correlationId, seen!.hostname], ["q", "c", "celery@test"])
      assert.deepStrictEqual(deliveryInfo, { exchange: "", routingKey: "celery", priority: 3, redelivered: false })
      assert.deepStrictEqual([properties.messageId, properties.deliveryMode], ["m", 2])
      assert.strictEqual(seen!.messageHeaders["root_id"], "r")
    }).pipe(Effect.provide(running(define({ tasks: [live] }))))
  })

  it.effect("is there for middleware, of the worker and of the task, and for fibers that a handler forks", () => {
    const seen: Array<string> = []
    const note = (where: string) => Effect.map(TaskContext.TaskContext, ({ id }) => void seen.push(`${where} ${id}`))
    const noting = (name: string) => Middleware.make(name, (run) => Effect.andThen(note(name), run))
    const tenantOf = Middleware.provide("tenant", Tenant, () => Effect.map(TaskContext.TaskContext, ({ id }) => id))
    const live = outer.toLayer(
      () =>
        Effect.gen(function*() {
          yield* note(`handler of ${yield* Tenant}`)
          yield* Fiber.join(yield* Effect.forkDetach(note("fiber")))
          return "done"
        }),
      { middleware: [noting("own"), tenantOf] }
    )
    return Effect.gen(function*() {
      yield* (yield* Client.Client).execute(outer, undefined, { taskId: "a" })
      assert.deepStrictEqual(seen, ["all a", "own a", "handler of a a", "fiber a"])
    }).pipe(Effect.provide(running(define({ tasks: [live], middleware: [noting("all")] }))))
  })

  it("is no need of the layers that handlers become, nor of the worker", () => {
    const needy = Middleware.make(
      "needy",
      (run) => Effect.andThen(TaskContext.TaskContext, Effect.andThen(Tenant, run))
    )
    const live = outer.toLayer(() => Effect.as(TaskContext.progress(1), ""))
    expectTypeOf(live).toExtend<Layer.Layer<never, never, TaskRegistry>>()
    const wrapped = outer.toLayer(() => Effect.as(TaskContext.isAborted, ""), { middleware: [needy] })
    expectTypeOf(wrapped).toExtend<Layer.Layer<never, never, TaskRegistry | Tenant>>()
    const layer = TestWorker.layer({ tasks: [live], middleware: [needy] })
    expectTypeOf<Layer.Services<typeof layer>>().toEqualTypeOf<Tenant>()
    assert.isDefined(Worker.make({ tasks: [live], middleware: [needy] }))
    // @ts-expect-error outside of a task there is none
    const run = () => Effect.runSync(TaskContext.isAborted)
    assert.throws(run)
  })

  it("says which states are one's own", () => {
    // @ts-expect-error a task that fails, fails
    TaskContext.updateState("FAILURE")
    // @ts-expect-error a task that runs again fails with a retry
    TaskContext.updateState("RETRY")
    TaskContext.updateState("UPLOADING", { percent: 5 })
  })
})

describe("a state of one's own", () => {
  it.effect("is stored where the result will be, with what belongs to it and the tasks that were sent", () => {
    const live = outer.toLayer(() =>
      Effect.gen(function*() {
        const client = yield* Client.Client
        yield* Effect.orDie(client.applyAsync(inner, {}, { ...elsewhere, taskId: "child" }))
        yield* TaskContext.progress({ done: 1, total: 4 })
        return JSON.stringify(yield* lookup("a"))
      })
    )
    return Effect.gen(function*() {
      yield* publish(taskMessage({ task: "outer", id: "a", group: "g", parentId: "p" }))
      const record = JSON.parse(String((yield* ended("a")).result))
      assert.deepStrictEqual([record.status, record.result], ["PROGRESS", { done: 1, total: 4 }])
      assert.deepStrictEqual([record.children, record.dateDone], [[{ id: "child" }], undefined])
      assert.deepStrictEqual([record.groupId, record.parentId], ["g", "p"])
    }).pipe(Effect.provide(running(define({ tasks: [live] }))))
  })

  it.effect("is sent to whoever sent the task, where results are sent", () => {
    const live = outer.toLayer(() => Effect.as(TaskContext.progress({ done: 1 }), "done"))
    return Effect.gen(function*() {
      yield* publish(taskMessage({ task: "outer", id: "a", replyTo: "replies", correlationId: "c" }))
      const sent: Array<ReadonlyArray<unknown>> = []
      for (
        const { body, properties } of yield* Effect.repeat(drain("replies"), { until: ({ length }) => length === 2 })
      ) {
        const { result, status } = JSON.parse(Buffer.from(body).toString())
        sent.push([status, result, properties.correlationId])
      }
      assert.deepStrictEqual(sent, [["PROGRESS", { done: 1 }, "c"], ["SUCCESS", "done", "c"]])
    }).pipe(Effect.provide(replies), Effect.provide(TestWorker.layer({ tasks: [live] })))
  })

  it.effect("is not stored when the task has ended", () => {
    let late: Effect.Effect<void> = Effect.void
    const live = outer.toLayer((_, request) => {
      late = request.updateState("PROGRESS", 1)
      return Effect.succeed("done")
    })
    return Effect.gen(function*() {
      yield* publish(taskMessage({ task: "outer", id: "a" }))
      yield* ended("a")
      yield* late
      assert.strictEqual((yield* lookup("a"))?.status, "SUCCESS")
    }).pipe(Effect.provide(running(define({ tasks: [live] }))))
  })

  it.effect("holds a task up for a second at most when the store is away, and says so once", () => {
    const store = new SlowStore()
    const lines = new Lines()
    const at: Array<number> = []
    const live = outer.toLayer(() =>
      Effect.gen(function*() {
        for (const done of [1, 2, 3]) {
          yield* TaskContext.progress({ done })
          at.push(yield* Effect.clockWith((clock) => clock.currentTimeMillis))
        }
        return "done"
      })
    )
    return Effect.gen(function*() {
      yield* publish(taskMessage({ task: "outer", id: "a" }))
      yield* until("the first is on its way", () => store.waiting.length === 1)
      yield* TestClock.adjust("1 second")
      yield* until("its result is on its way", () => store.waiting.length === 2)
      assert.deepStrictEqual(at, [1_000, 1_000, 1_000])
      assert.deepStrictEqual(lines.of("Warn"), [
        "State PROGRESS of task outer[a] is not known: the result backend has not answered: later ones wait for that"
      ])
      store.answer()
      store.answer()
      assert.deepStrictEqual(store.stored, ["PROGRESS a", "SUCCESS a"])
    }).pipe(Effect.provide(running(define({ tasks: [live] }), store.layer)), Effect.provide(lines.layer))
  })

  it.effect("that the store refuses is told of, and harms nothing", () => {
    const store = new SlowStore()
    const lines = new Lines()
    store.refuse(ResultError.because("store", new ResultError.BackendRefused({ backend: "b://", detail: "read only" })))
    const live = outer.toLayer(() => Effect.as(TaskContext.progress(1), "done"))
    return Effect.gen(function*() {
      yield* publish(taskMessage({ task: "outer", id: "a" }))
      yield* until("both were given to the store", () => store.stored.length >= 2)
      assert.deepStrictEqual(store.stored.slice(0, 2), ["PROGRESS a", "SUCCESS a"])
      assert.deepStrictEqual(lines.of("Warn").slice(0, 1), [
        "State PROGRESS of task outer[a] is not known: store: the result backend b:// refused: read only"
      ])
    }).pipe(Effect.provide(running(define({ tasks: [live] }), store.layer)), Effect.provide(lines.layer))
  })

  it.effect("is a defect when it has no form, or is none", () => {
    const states = Task.make("states", { parameters: { state: Schema.String } })
    const live = states.toLayer(({ state }, request) => request.updateState(state as "X", { fun: () => 1 }))
    return Effect.gen(function*() {
      yield* Effect.forEach(
        ["OWN", "FAILURE", ""],
        (state) => publish(taskMessage({ task: "states", id: `of ${state}`, args: [state] }))
      )
      const messages = yield* Effect.forEach(
        ["OWN", "FAILURE", ""],
        (state) => Effect.map(ended(`of ${state}`), ({ exception }) => String(exception?.args[0]))
      )
      assert.match(messages[0]!, /^what belongs to the state OWN cannot be stored: /)
      assert.deepStrictEqual(messages.slice(1), [
        "a task does not store FAILURE itself: it fails, or says so by Task.retry",
        " is no state: give it a name, such as PROGRESS"
      ])
    }).pipe(Effect.provide(running(define({ tasks: [live] }))), Effect.provide(quiet))
  })
})

describe("a task that may be aborted", () => {
  it.effect("sees that a client has asked for it", () => {
    const seen: Array<boolean> = []
    const live = outer.toLayer(() =>
      Effect.gen(function*() {
        seen.push(yield* TaskContext.isAborted)
        yield* Effect.orDie((yield* Client.Client).abort("a"))
        yield* TaskContext.progress("would hide it")
        seen.push(yield* TaskContext.isAborted)
        return JSON.stringify(yield* lookup("a"))
      })
    )
    return Effect.gen(function*() {
      yield* publish(taskMessage({ task: "outer", id: "a" }))
      const { children, result, status } = JSON.parse(String((yield* ended("a")).result))
      assert.deepStrictEqual(seen, [false, true])
      assert.deepStrictEqual([status, result, children], ["ABORTED", null, undefined])
    }).pipe(Effect.provide(running(define({ tasks: [live] }))))
  })

  it.effect("goes on where the store does not tell", () => {
    const live = outer.toLayer(() => Effect.map(TaskContext.isAborted, String))
    const silent = Layer.effect(
      ResultReader,
      Effect.map(ResultReader, (reader) => ({ ...reader, state: () => Effect.never }))
    ).pipe(Layer.provideMerge(MemoryBackend.layer))
    return Effect.gen(function*() {
      yield* publish(taskMessage({ task: "outer", id: "a" }))
      yield* settled
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* ended("a")).result, "false")
    }).pipe(Effect.provide(running(define({ tasks: [live] }), silent)))
  })
})

describe("a task that a handler sends", () => {
  const sending = (send: (client: Client.Client["Service"]) => Effect.Effect<unknown, unknown>) =>
    outer.toLayer(() => Effect.as(Effect.flatMap(Client.Client, (client) => Effect.orDie(send(client))), "done"))

  it.effect("has it for its parent, the same root, and is its child, however it is sent", () => {
    const live = sending((client) =>
      Effect.gen(function*() {
        yield* client.applyAsync(inner, {}, { ...elsewhere, taskId: "1" })
        yield* client.sendTask("other", { ...elsewhere, taskId: "2" })
        yield* client.send(yield* client.prepare(inner, {}, { ...elsewhere, taskId: "3" }))
        yield* Fiber.join(yield* Effect.forkDetach(client.sendTask("forked", { ...elsewhere, taskId: "4" })))
        yield* client.applyAsync(inner, {}, { ...elsewhere, taskId: "5", addToParent: false })
      })
    )
    return Effect.gen(function*() {
      yield* publish(taskMessage({ task: "outer", id: "a", rootId: "r" }))
      assert.deepStrictEqual((yield* ended("a")).children, ["1", "2", "3", "4"].map((id) => ResultTuple.task(id)))
      const sent = yield* drain("elsewhere")
      assert.deepStrictEqual(sent.map(idOf), ["1", "2", "3", "4", "5"])
      for (const { headers } of sent) assert.deepStrictEqual([headers["parent_id"], headers["root_id"]], ["a", "r"])
    }).pipe(Effect.provide(running(define({ tasks: [live] }))))
  })

  it.effect("is a child of one that fails or runs again too, but not of one that keeps no trail", () => {
    const failing = Task.make("failing").toLayer(() =>
      Effect.andThen(
        Effect.flatMap(Client.Client, (client) => Effect.orDie(client.sendTask("x", { ...elsewhere, taskId: "1" }))),
        Effect.die("no")
      )
    )
    const silent = Task.make("silent", { options: { trail: false } }).toLayer(() =>
      Effect.flatMap(Client.Client, (client) => Effect.orDie(client.sendTask("x", elsewhere)))
    )
    return Effect.gen(function*() {
      yield* publish(taskMessage({ task: "failing", id: "a" }))
      yield* publish(taskMessage({ task: "silent", id: "b" }))
      assert.deepStrictEqual((yield* ended("a")).children, [ResultTuple.task("1")])
      assert.deepStrictEqual((yield* ended("b")).children, [])
    }).pipe(Effect.provide(running(define({ tasks: [failing, silent] }))), Effect.provide(quiet))
  })

  it.effect("inherits the priority where that is asked for, and nothing names another", () => {
    const live = sending((client) =>
      Effect.andThen(
        client.sendTask("plain", elsewhere),
        client.sendTask("named", { ...elsewhere, priority: 9 })
      )
    )
    return Effect.gen(function*() {
      yield* publish(taskMessage({ task: "outer", id: "a", priority: 4 }))
      yield* ended("a")
      assert.deepStrictEqual((yield* drain("elsewhere")).map(({ properties }) => properties.priority), [4, 9])
    }).pipe(
      Effect.provide(running(define({ tasks: [live] }))),
      Effect.provide(TaskSettings.layer({ inheritParentPriority: true }))
    )
  })

  it.effect("is not waited for, unless that is said", () => {
    const waits = sending((client) => client.sendTask("inner", { taskId: "b" }).pipe(Effect.flatMap((b) => b.get())))
    const executes = Task.make("executes").toLayer(() =>
      Effect.flatMap(Client.Client, (client) => Effect.orDie(client.execute(inner)))
    )
    const allowed = Task.make("allowed").toLayer(() =>
      Effect.flatMap(Client.Client, (client) =>
        Effect.orDie(Effect.andThen(
          client.execute(inner, {}, { disableSyncSubtasks: false }),
          Effect.flatMap(client.delay(inner), (sent) => sent.get({ disableSyncSubtasks: false }))
        )))
    )
    const tasks = [waits, executes, allowed, inner.toLayer(() => Effect.void)]
    return Effect.gen(function*() {
      for (const task of ["outer", "executes", "allowed"]) yield* publish(taskMessage({ task, id: task }))
      const message = (operation: string) =>
        `${operation}: Never call result.get() within a task!\nSee https://docs.celeryq.dev/en/latest/userguide/tasks.html#avoid-launching-synchronous-subtasks`
      assert.strictEqual((yield* ended("outer")).exception?.args[0], message("get"))
      assert.strictEqual((yield* ended("executes")).exception?.args[0], message("execute"))
      assert.strictEqual((yield* ended("allowed")).status, "SUCCESS")
    }).pipe(Effect.provide(running(define({ tasks }))), Effect.provide(quiet))
  })

  for (const resultExtended of [false, true]) {
    it.effect(`stores what was run with a state of its own where results do (resultExtended: ${resultExtended})`, () => {
      const live = Task.make("own", { parameters: { n: Schema.Int } }).toLayer(() =>
        Effect.andThen(TaskContext.progress("half"), Effect.never)
      )
      return Effect.gen(function*() {
        yield* publish(taskMessage({ task: "own", id: "a", args: [1], retries: 2 }))
        yield* settled
        const record = yield* lookup("a")
        assert.deepStrictEqual([record?.status, record?.result], ["PROGRESS", "half"])
        const extended = { name: "own", args: [1], kwargs: {}, worker: "celery@test", retries: 2, queue: "celery" }
        assert.deepStrictEqual(record?.extended, resultExtended ? extended : undefined)
      }).pipe(
        Effect.provide(running(define({ tasks: [live] }))),
        Effect.provide(TaskSettings.layer({ resultExtended })),
        Effect.provide(quiet)
      )
    })
  }

  const ways: Readonly<Record<string, (sent: AsyncResult.AsyncResult<void>) => Effect.Effect<unknown, unknown>>> = {
    get: (sent) => sent.get(),
    final: (sent) => sent.final(),
    progress: (sent) => Stream.runDrain(sent.progress),
    collect: (sent) => Stream.runDrain(sent.collect({ intermediate: true })),
    "get of several": (sent) => ResultSet.make([sent]).get(),
    "final of several": (sent) => ResultSet.make([sent]).final(),
    "join of several": (sent) => ResultSet.make([sent]).join(),
    "completed of several": (sent) => Stream.runDrain(ResultSet.make([sent]).completed),
    "progress of several": (sent) => Stream.runDrain(ResultSet.make([sent]).progress)
  }
  for (const [way, wait] of Object.entries(ways)) {
    it.effect(`is waited for by ${way} where that is allowed, and nowhere else`, () => {
      const seen: Array<string> = []
      const live = sending((client) =>
        Effect.gen(function*() {
          const sent = yield* client.delay(inner)
          const refused = yield* Effect.flip(wait(sent))
          if (refused instanceof ResultError.ResultError) seen.push(refused.reason._tag)
          yield* Effect.provideService(wait(sent), AsyncResult.DisableSyncSubtasks, false)
          seen.push("allowed")
        })
      )
      return Effect.gen(function*() {
        yield* publish(taskMessage({ task: "outer", id: "a" }))
        yield* ended("a")
        assert.deepStrictEqual(seen, ["WouldBlock", "allowed"])
      }).pipe(
        Effect.provide(running(define({ tasks: [live, inner.toLayer(() => Effect.void)] }))),
        Effect.provide(quiet)
      )
    })
  }
})

/** What it came to, when it has. */
const ended = (id: string) => Effect.flatMap(ResultReader, (reader) => Effect.orDie(reader.wait(id)))

/** A queue that nobody consumes. */
const replies = Layer.effectDiscard(Effect.scoped(Effect.gen(function*() {
  const channel = yield* (yield* (yield* Transport).connect()).openChannel()
  yield* Topology.declareQueue(channel, Entity.queue("replies"))
})))
