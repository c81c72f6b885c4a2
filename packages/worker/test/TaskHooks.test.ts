import * as Client from "@celeriac/tasks/Client"
import * as Middleware from "@celeriac/tasks/Middleware"
import * as ResultError from "@celeriac/tasks/result/ResultError"
import { ResultReader } from "@celeriac/tasks/result/ResultReader"
import * as Task from "@celeriac/tasks/Task"
import * as TaskContext from "@celeriac/tasks/TaskContext"
import type * as TaskLayer from "@celeriac/tasks/TaskLayer"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { expectTypeOf } from "vitest"
import {
  counts,
  define,
  Lines,
  lookup,
  publish,
  quiet,
  running,
  settled,
  SlowStore,
  surroundings,
  taskMessage,
  until
} from "./support.ts"

class Sold extends Schema.TaggedError<Sold>()("Sold", {}) {}

const buy = Task.make("buy", {
  parameters: { what: Schema.String },
  success: Schema.Int,
  error: Sold,
  options: { maxRetries: 1, defaultRetryDelay: "1 second" }
})

/** What a run of `buy` comes to, by what is bought. */
const handler = ({ what }: { readonly what: string }) => {
  switch (what) {
    case "sold":
      return Effect.fail(new Sold())
    case "again":
      return Task.retry({ error: new Sold() })
    case "dead":
      return Effect.die(new RangeError("dead"))
    case "thrown":
      throw new RangeError("thrown")
    case "ignored":
      return Task.ignore()
    case "wrong":
      return Effect.succeed("no number" as unknown as number)
    default:
      return Effect.succeed(what.length)
  }
}

/** `buy` with all hooks, which write down what they are told and what is stored then. */
const noting = (log: Array<string>) => {
  const note = (hook: string, { what }: { readonly what: string }, told: string) =>
    Effect.gen(function*() {
      const { id, retries } = yield* TaskContext.TaskContext
      log.push(`${hook} ${what} ${id}.${retries} ${told} ${(yield* lookup(id))?.status}`)
    })
  return buy.toLayer(handler, {
    beforeStart: (parameters) => note("before", parameters, "-"),
    onSuccess: (value, parameters) => note("success", parameters, String(value)),
    onFailure: (cause, parameters) => note("failure", parameters, nameOf(cause)),
    onRetry: ({ options }, parameters) => note("retry", parameters, options.error?._tag ?? "?"),
    afterReturn: (exit, parameters) =>
      note("after", parameters, Exit.isSuccess(exit) ? String(exit.value) : nameOf(exit.cause))
  })
}

const nameOf = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause)
  const kind = cause.reasons.map(({ _tag }) => _tag).join()
  return `${kind}:${error instanceof Error ? error.name : String(error)}`
}

const ended = (id: string) => Effect.flatMap(ResultReader, (reader) => Effect.orDie(reader.wait(id)))

const away = ResultError.because("store", new ResultError.BackendUnreachable({ backend: "b://", detail: "away" }))

describe("the hooks of a task", () => {
  const comings: ReadonlyArray<readonly [what: string, hooks: ReadonlyArray<string>]> = [
    ["apple", ["before apple a.0 - undefined", "success apple a.0 5 SUCCESS", "after apple a.0 5 SUCCESS"]],
    ["sold", ["before sold a.0 - undefined", "failure sold a.0 Fail:Sold FAILURE", "after sold a.0 Fail:Sold FAILURE"]],
    ["dead", [
      "before dead a.0 - undefined",
      "failure dead a.0 Die:RangeError FAILURE",
      "after dead a.0 Die:RangeError FAILURE"
    ]],
    ["thrown", [
      "before thrown a.0 - undefined",
      "failure thrown a.0 Die:RangeError FAILURE",
      "after thrown a.0 Die:RangeError FAILURE"
    ]],
    ["wrong", [
      "before wrong a.0 - undefined",
      "failure wrong a.0 Die:TaskException FAILURE",
      "after wrong a.0 Die:TaskException FAILURE"
    ]],
    ["ignored", ["before ignored a.0 - undefined"]],
    ["again", [
      "before again a.0 - undefined",
      "retry again a.0 Sold RETRY",
      "before again a.1 - RETRY",
      "failure again a.1 Fail:Sold FAILURE",
      "after again a.1 Fail:Sold FAILURE"
    ]]
  ]
  for (const [what, hooks] of comings) {
    it.effect(`of one that comes to this (${what}) are called when that is stored, in Celery's order`, () => {
      const log: Array<string> = []
      return Effect.gen(function*() {
        yield* publish(taskMessage({ task: "buy", id: "a", args: [what] }))
        if (what === "again") {
          yield* until("it is to run again", () => log.length === 2)
          yield* settled
          yield* TestClock.adjust("1 second")
        }
        yield* until("all were called", () => log.length >= hooks.length)
        yield* Effect.yieldNow
        assert.deepStrictEqual(log, hooks)
      }).pipe(Effect.provide(running(define({ tasks: [noting(log)] }))), Effect.provide(quiet))
    })
  }

  it.effect("are called before a late message is acknowledged, and the task has its slot until then", () => {
    const go = Deferred.makeUnsafe<void>()
    const began: Array<string> = []
    const live = buy.toLayer(({ what }) => Effect.sync(() => began.push(what)), {
      acksLate: true,
      onSuccess: (_, { what }) => what === "1" ? Deferred.await(go) : Effect.void
    })
    return Effect.gen(function*() {
      yield* publish(taskMessage({ task: "buy", id: "1", args: ["1"] }))
      yield* publish(taskMessage({ task: "buy", id: "2", args: ["2"] }))
      yield* ended("1")
      for (let turn = 0; turn < 100; turn++) yield* Effect.yieldNow
      assert.deepStrictEqual([began, yield* counts()], [["1"], [0, 2]])
      yield* Deferred.done(go, Exit.void)
      yield* ended("2")
      assert.deepStrictEqual(began, ["1", "2"])
    }).pipe(Effect.provide(running(define({ tasks: [live], concurrency: 1 }))))
  })

  it.effect("harm nothing when they fail or die, and are told of", () => {
    const lines = new Lines()
    const live = buy.toLayer(() => Effect.succeed(1), {
      onSuccess: () => Effect.fail("no"),
      afterReturn: () => {
        throw new RangeError("dead")
      }
    })
    return Effect.gen(function*() {
      const client = yield* Client.Client
      assert.strictEqual(yield* client.execute(buy, { what: "x" }, { taskId: "a" }), 1)
      yield* until("both were told", () => lines.of("Error").length === 2)
      assert.deepStrictEqual(lines.of("Error"), [
        "Task buy[a] onSuccess handler raised:",
        "Task buy[a] afterReturn handler raised:"
      ])
    }).pipe(Effect.provide(running(define({ tasks: [live] }))), Effect.provide(lines.layer))
  })

  it.effect("before the handler is a part of the run: what it fails with the task fails with", () => {
    const live = buy.toLayer(() => Effect.succeed(1), {
      beforeStart: ({ what }) => what === "sold" ? Effect.fail(new Sold()) : Effect.void
    })
    return Effect.gen(function*() {
      const client = yield* Client.Client
      assert.instanceOf(yield* Effect.flip(client.execute(buy, { what: "sold" })), Sold)
      assert.strictEqual(yield* client.execute(buy, { what: "other" }), 1)
    }).pipe(Effect.provide(running(define({ tasks: [live] }))), Effect.provide(quiet))
  })

  it.effect("give up their slot while the store is away, and come when it is back", () => {
    const store = new SlowStore()
    const log: Array<string> = []
    const live = buy.toLayer(({ what }) => Effect.sync(() => log.push(`run ${what}`)), {
      onSuccess: (_, { what }) => Effect.sync(() => log.push(`hook ${what}`))
    })
    return Effect.gen(function*() {
      yield* publish(taskMessage({ task: "buy", id: "1", args: ["1"] }))
      yield* publish(taskMessage({ task: "buy", id: "2", args: ["2"] }))
      yield* until("the first is on its way", () => store.waiting.length === 1)
      assert.deepStrictEqual(log, ["run 1"])
      store.answer(away)
      yield* until("the second is on its way", () => store.waiting.length === 1)
      assert.deepStrictEqual(log, ["run 1", "run 2"])
      store.refuse(undefined)
      store.answer()
      yield* TestClock.adjust("1 second")
      yield* until("both were called", () => log.length === 4)
      assert.deepStrictEqual(log.slice(2).sort(), ["hook 1", "hook 2"])
    }).pipe(
      Effect.provide(running(define({ tasks: [live], concurrency: 1 }), store.layer)),
      Effect.provide(quiet)
    )
  })

  it.effect("are no part of the run that limits count", () => {
    const log: Array<string> = []
    const live = buy.toLayer(() => Effect.succeed(1), {
      timeLimit: "2 seconds",
      softTimeLimit: "1 second",
      onSuccess: () => Effect.andThen(Effect.sleep("1 minute"), Effect.sync(() => void log.push("called")))
    })
    return Effect.gen(function*() {
      const client = yield* Client.Client
      assert.strictEqual(yield* client.execute(buy, { what: "x" }, { taskId: "a" }), 1)
      yield* settled
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(log, ["called"])
      assert.strictEqual((yield* lookup("a"))?.status, "SUCCESS")
    }).pipe(Effect.provide(running(define({ tasks: [live] }))), Effect.provide(quiet))
  })

  for (const how of ["warm", "cold"] as const) {
    it.effect(`are ${how === "warm" ? "waited for by" : "interrupted with"} a worker that stops ${how}`, () => {
      const log: Array<string> = []
      const live = buy.toLayer(() => Effect.succeed(1), {
        acksLate: true,
        onSuccess: () =>
          Effect.onExit(
            Effect.sleep("1 minute"),
            (exit) => Effect.sync(() => void log.push(Exit.isSuccess(exit) ? "called" : "interrupted"))
          ),
        afterReturn: () => Effect.sync(() => void log.push("after"))
      })
      return Effect.gen(function*() {
        const scope = yield* Scope.make()
        const up = Context.get(yield* Layer.buildWithScope(define({ tasks: [live] }).layer, scope), Worker.Worker)
        yield* publish(taskMessage({ task: "buy", id: "a", args: ["x"] }))
        yield* settled
        const stopped = yield* Effect.forkChild(
          Effect.andThen(how === "cold" ? up.terminate : Effect.void, Scope.close(scope, Exit.void))
        )
        yield* settled
        if (how === "warm") {
          assert.isUndefined(stopped.pollUnsafe())
          // What it came to is stored, and its message is not acknowledged yet.
          assert.deepStrictEqual([log, yield* counts()], [[], [0, 1]])
          yield* TestClock.adjust("1 minute")
        }
        yield* Fiber.join(stopped)
        assert.deepStrictEqual(log, how === "warm" ? ["called", "after"] : ["interrupted"])
        // It has run, and its result is safe: it is not run again.
        assert.deepStrictEqual(yield* counts(), [0, 0])
        assert.strictEqual((yield* lookup("a"))?.status, "SUCCESS")
      }).pipe(Effect.provide(surroundings()), Effect.provide(quiet))
    })
  }

  it("need what they use, but for the context of the task", () => {
    class Ledger extends Context.Service<Ledger, string>()("test/TaskHooks/Ledger") {}
    class Mail extends Context.Service<Mail, string>()("test/TaskHooks/Mail") {}
    const none = Middleware.make("none", (run) => run)
    const live = buy.toLayer(() => Effect.succeed(1), {
      acksLate: true,
      middleware: [none],
      onSuccess: (value, parameters) => {
        expectTypeOf(value).toEqualTypeOf<number>()
        expectTypeOf(parameters).toEqualTypeOf<{ readonly what: string }>()
        return Effect.andThen(Ledger, TaskContext.TaskContext)
      },
      onFailure: (cause) => {
        expectTypeOf(cause).toEqualTypeOf<Cause.Cause<Sold>>()
        return Mail
      }
    })
    expectTypeOf(live).toEqualTypeOf<TaskLayer.TaskLayer<"buy", Ledger | Mail>>()
    // @ts-expect-error it declares no such error
    buy.toLayer(() => Effect.succeed(1), { beforeStart: () => Effect.fail("no") })
    // @ts-expect-error there is no such hook
    buy.toLayer(() => Effect.succeed(1), { onSucces: () => Effect.void })
    const opening = Effect.acquireRelease(Effect.void, () => Effect.void)
    // @ts-expect-error This handler needs a Scope: wrap its effect in Effect.scoped
    buy.toLayer(() => Effect.succeed(1), { onSuccess: () => opening })
  })
})
