import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import * as Blueprint from "../src/Blueprint.ts"
import * as Bootstep from "../src/Bootstep.ts"
import { Control } from "../src/Control.ts"
import * as StopReason from "../src/StopReason.ts"

/** Pool requires Timer; both write down what happens to them. */
const makeSteps = () => {
  const log: Array<string> = []
  const write = (line: string) => Effect.sync(() => void log.push(line))
  const hooks = (name: string) => ({
    init: () => write(`init ${name}`),
    close: () => write(`close ${name}`),
    stop: (_: unknown, reason: StopReason.StopReason) => write(`stop ${name} ${reason._tag}`),
    terminate: () => write(`terminate ${name}`)
  })
  class Timer extends Bootstep.Service<Timer, { readonly now: number }>()("Timer", {
    ...hooks("Timer"),
    start: Effect.as(Effect.acquireRelease(write("+Timer"), () => write("-Timer")), { now: 1 })
  }) {}
  class Pool extends Bootstep.Service<Pool, { readonly size: number }>()("Pool", {
    ...hooks("Pool"),
    requires: [Timer],
    start: Effect.gen(function*() {
      const { now } = yield* Timer
      yield* Effect.acquireRelease(write("+Pool"), () => write("-Pool"))
      return { size: now }
    })
  }) {}
  return { log, write, Timer, Pool }
}

const warm = [
  ["close Pool", "stop Pool Shutdown", "-Pool"],
  ["close Timer", "stop Timer Shutdown", "-Timer"]
].flat()

describe("the layer of a step, in an application without a blueprint", () => {
  it.effect("boots when it is built, and stops warm when its scope closes", () =>
    Effect.gen(function*() {
      const { log, Pool, Timer, write } = makeSteps()
      const program = Effect.andThen(Pool, (pool) => write(`runs, ${pool.size}`))
      yield* Effect.provide(program, Layer.provide(Pool.layer, Timer.layer))
      assert.deepStrictEqual(log, ["init Timer", "+Timer", "init Pool", "+Pool", "runs, 1", ...warm])
    }))

  it.effect("is built once, for all who are provided with it", () =>
    Effect.gen(function*() {
      const { log, Pool, Timer } = makeSteps()
      const Other = Bootstep.make("Other", { requires: [Timer], start: Effect.asVoid(Timer) })
      const app = Layer.mergeAll(Pool.layer, Other.layer).pipe(Layer.provideMerge(Timer.layer))
      assert.deepStrictEqual(yield* Effect.provide(Timer, app), { now: 1 })
      assert.strictEqual(log.filter((line) => line === "+Timer").length, 1)
      assert.deepStrictEqual(log.slice(-warm.length), warm)
    }))

  it.effect("learns from the exit of its scope why it stops", () =>
    Effect.gen(function*() {
      const { log, Timer } = makeSteps()
      const reasons: Array<StopReason.StopReason> = []
      const Curious = Bootstep.make("Curious", {
        start: Effect.void,
        stop: (_, reason) => Effect.sync(() => reasons.push(reason))
      })
      const stopped = Effect.fnUntraced(function*(exit: Exit.Exit<unknown, unknown>) {
        const scope = yield* Scope.make()
        yield* Layer.buildWithScope(Layer.merge(Timer.layer, Curious.layer), scope)
        yield* Scope.close(scope, exit)
        return log.splice(0).slice(2)
      })
      assert.deepStrictEqual(yield* stopped(Exit.fail("oops")), ["close Timer", "stop Timer Shutdown", "-Timer"])
      assert.deepStrictEqual(yield* stopped(StopReason.toExit(StopReason.terminate())), ["terminate Timer", "-Timer"])
      assert.deepStrictEqual(reasons, [
        { _tag: "Shutdown", cause: Cause.fail("oops") },
        { _tag: "Terminate" }
      ])
    }))

  it.effect("gives up a warm stop when the application's Control escalates", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const write = (line: string) => Effect.sync(() => void log.push(line))
      const Slow = Bootstep.make("Slow", {
        start: Effect.void,
        close: () => Effect.onInterrupt(Effect.never, () => write("gave up closing")),
        stop: () => Effect.never,
        terminate: () => write("terminate")
      })
      const control = yield* Control
      const running = yield* Effect.forkChild(Effect.provide(Effect.void, Slow.layer))
      yield* TestClock.adjust("1 hour")
      assert.isUndefined(running.pollUnsafe())
      yield* control.request(StopReason.terminate())
      yield* Fiber.join(running)
      assert.deepStrictEqual(log, ["gave up closing", "terminate"])
    }).pipe(Effect.provide(Control.layer)))

  it.effect("fails with the step's own error, and releases what was acquired", () =>
    Effect.gen(function*() {
      const { log, Timer, write } = makeSteps()
      const Fails = Bootstep.make("Fails", {
        requires: [Timer],
        start: Effect.andThen(Effect.acquireRelease(Effect.void, () => write("released")), Effect.fail("no" as const)),
        stop: () => write("never up, never stopped")
      })
      const error: "no" = yield* Effect.flip(Effect.provide(Effect.void, Layer.provide(Fails.layer, Timer.layer)))
      assert.strictEqual(error, "no")
      assert.deepStrictEqual(log, ["init Timer", "+Timer", "released", "close Timer", "stop Timer Shutdown", "-Timer"])
    }))

  it.effect("releases what was acquired when its start is interrupted", () =>
    Effect.gen(function*() {
      const { log, write } = makeSteps()
      const Hangs = Bootstep.make("Hangs", {
        start: Effect.andThen(Effect.acquireRelease(write("+"), () => write("-")), Effect.never)
      })
      const running = yield* Effect.forkChild(Effect.provide(Effect.void, Hangs.layer))
      yield* TestClock.adjust(0)
      yield* Fiber.interrupt(running)
      assert.deepStrictEqual(log, ["+", "-"])
    }))

  it.effect("puts a stand-in in the place of a disabled step", () =>
    Effect.gen(function*() {
      const { log, write } = makeSteps()
      class Off extends Bootstep.Service<Off, string>()("Off", {
        enabled: Effect.succeed(false),
        disabled: Effect.acquireRelease(Effect.succeed("stand-in"), () => write("released")),
        start: Effect.succeed("real"),
        stop: () => write("stop")
      }) {}
      assert.strictEqual(yield* Effect.provide(Off, Off.layer), "stand-in")
      assert.deepStrictEqual(log, ["released"])
    }))

  it.effect("says when a fiber that it supervises fails, and asks the application to stop", () =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      const Breaks = Bootstep.make("Breaks", {
        start: Bootstep.forkSupervised(Effect.delay(Effect.fail("broke"), "1 minute"))
      })
      const control = yield* Control
      const running = yield* Effect.forkChild(
        Effect.provide(control.awaitStop, Breaks.layer).pipe(
          Effect.provide(Logger.layer([Logger.make(({ message }) => void lines.push(String(message)))]))
        )
      )
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(running))._tag, "Shutdown")
      assert.deepStrictEqual(lines, ["Breaks failed"])
    }).pipe(Effect.provide(Control.layer)))

  it.effect("tells of itself", () =>
    Effect.gen(function*() {
      class Told extends Bootstep.Service<Told, Effect.Effect<Bootstep.Info>>()("Told", {
        start: Effect.contextWith((context: Context.Context<never>) =>
          Effect.succeed(Effect.provideContext(Blueprint.info, context))
        ),
        info: () => Effect.succeed({ told: true })
      }) {}
      assert.deepStrictEqual(yield* Effect.provide(Effect.flatten(Told), Told.layer), { told: true })
    }))

  it.effect("may be that of a step that runs a blueprint, which is built anew and has its final stop", () =>
    Effect.gen(function*() {
      const { log, write } = makeSteps()
      let times = 0
      const Connection = Bootstep.make("Connection", {
        start: Effect.suspend(() => write(`+${++times}`)),
        stop: (_, reason) => write(`- ${reason._tag}`),
        shutdown: () => write("final")
      })
      const consumer = Blueprint.step("Consumer", {
        blueprint: Blueprint.make("Consumer", [Connection]),
        until: Effect.delay(
          Effect.suspend(() => Effect.fail(times < 3 ? "lost" as const : "refused" as const)),
          "1 minute"
        ),
        restart: Schedule.spaced("1 second"),
        isRecoverable: (error) => error === "lost",
        onRestart: () => Effect.void
      })
      const control = yield* Control
      const running = yield* Effect.forkChild(Effect.provide(control.awaitStop, consumer.layer))
      yield* TestClock.adjust("10 minutes")
      const { cause } = yield* Fiber.join(running)
      assert.deepStrictEqual(cause, Cause.fail("refused"))
      assert.deepStrictEqual(log, ["+1", "- Restart", "+2", "- Restart", "+3", "- Shutdown", "final"])
    }).pipe(Effect.provide(Logger.layer([])), Effect.provide(Control.layer)))

  it.effect("fails as its inner steps do, when they do at first", () =>
    Effect.gen(function*() {
      const Denied = Bootstep.make("Denied", { start: Effect.fail("denied" as const) })
      const consumer = Blueprint.step("Consumer", {
        blueprint: Blueprint.make("Consumer", [Denied]),
        until: Effect.never,
        isRecoverable: () => false
      })
      const error: "denied" = yield* Effect.flip(Effect.provide(Effect.void, consumer.layer))
      assert.strictEqual(error, "denied")
    }))
})

describe("the layer of a step, beside blueprints", () => {
  it.effect("is alone when a step builds it for itself, and stops with that step's scope", () =>
    Effect.gen(function*() {
      const { log, Timer } = makeSteps()
      const Owner = Bootstep.make("Owner", {
        start: Layer.build(Timer.layer),
        close: () => Effect.sync(() => log.push("close Owner")),
        stop: () => Effect.sync(() => log.push("stop Owner"))
      })
      yield* Blueprint.run(Blueprint.make("Worker", [Owner]), Effect.void)
      assert.deepStrictEqual(log, [
        "init Timer",
        "+Timer",
        "close Owner",
        "stop Owner",
        "close Timer",
        "stop Timer Shutdown",
        "-Timer"
      ])
    }).pipe(Effect.provide(Control.layer)))

  it.effect("is not the blueprint's own, which has one for each boot", () =>
    Effect.gen(function*() {
      const { log, Timer } = makeSteps()
      const blueprint = Blueprint.make("Worker", [Timer])
      yield* Effect.provide(Blueprint.run(blueprint, Timer), Timer.layer)
      yield* Effect.provide(Timer, Layer.provideMerge(blueprint.layer, Timer.layer))
      assert.strictEqual(log.filter((line) => line === "+Timer").length, 4)
    }).pipe(Effect.provide(Control.layer)))

  it.effect("made from an application's own layer shares what the application has built", () =>
    Effect.gen(function*() {
      class Db extends Context.Service<Db, { readonly id: number }>()("test/Db") {}
      let built = 0
      const DbLive = Layer.effect(Db, Effect.sync(() => ({ id: ++built })))
      const DbStep = Bootstep.fromLayer("Db", Db, DbLive)
      class Repository extends Bootstep.Service<Repository, number>()("Repository", {
        requires: [Db],
        start: Db.useSync(({ id }) => id)
      }) {}
      const blueprint = Blueprint.make("Worker", [Repository, DbStep])
      const program = Effect.all([Db, Effect.provide(Effect.all([Repository, Db]), blueprint.layer)])
      assert.deepStrictEqual(yield* Effect.provide(program, DbLive), [{ id: 1 }, [1, { id: 1 }]])
      // Also where it is nested, and where the application has not built it.
      const nested = Blueprint.make("Worker", [
        Blueprint.step("Consumer", { blueprint, until: Effect.never })
      ])
      const opened = yield* Deferred.make<number>()
      yield* Effect.provide(Blueprint.run(nested, Effect.sync(() => built)), DbLive).pipe(
        Effect.flatMap((count) => Deferred.succeed(opened, count))
      )
      assert.strictEqual(yield* Deferred.await(opened), 2)
      assert.strictEqual(yield* Effect.provide(Repository, blueprint.layer), 3)
    }).pipe(Effect.provide(Control.layer)))
})
