import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { TestClock } from "effect/testing"
import * as Blueprint from "../src/Blueprint.ts"
import * as Bootstep from "../src/Bootstep.ts"
import { BootstepError } from "../src/BootstepError.ts"
import { Control } from "../src/Control.ts"
import * as StopReason from "../src/StopReason.ts"

/** Hub, then Pool (5 ms) beside Timer (10 ms), then Last; all writing down what happens to them. */
const makeWorker = () => {
  const log: Array<string> = []
  const write = (line: string) => Effect.sync(() => void log.push(line))

  class Hub extends Bootstep.Service<Hub, { readonly id: number }>()("Hub", {
    start: Effect.as(write("+Hub"), { id: 1 }),
    stop: (_, reason) => write(`-Hub ${reason._tag}`)
  }) {}
  class Timer extends Bootstep.Service<Timer, { readonly hub: number }>()("Timer", {
    requires: [Hub],
    start: Effect.gen(function*() {
      const hub = yield* Hub
      yield* Effect.sleep("10 millis")
      yield* write("+Timer")
      return { hub: hub.id }
    }),
    stop: (_, reason) => write(`-Timer ${reason._tag}`)
  }) {}
  class Pool extends Bootstep.Service<Pool, { readonly drained: Deferred.Deferred<void> }>()("Pool", {
    requires: [Hub],
    start: Effect.gen(function*() {
      yield* Effect.sleep("5 millis")
      yield* write("+Pool")
      return { drained: Deferred.makeUnsafe<void>() }
    }),
    stop: (pool, reason) =>
      write(`-Pool draining ${reason._tag}`).pipe(
        Effect.andThen(Deferred.await(pool.drained)),
        Effect.andThen(write("-Pool drained"))
      ),
    terminate: () => write("-Pool killed")
  }) {}
  const Last = Bootstep.make("Last", {
    last: true,
    start: write("+Last"),
    stop: (_, reason) => write(`-Last ${reason._tag}`)
  })
  return { log, write, Hub, Timer, Pool, Last, blueprint: Blueprint.make("Worker", [Last, Timer, Pool, Hub]) }
}

describe("Blueprint", () => {
  it.effect("starts a step as soon as those it needs are up, and stops in the exact reverse", () =>
    Effect.gen(function*() {
      const { blueprint, log, Pool } = makeWorker()
      const control = yield* Control
      const running = yield* Effect.forkChild(Blueprint.run(
        blueprint,
        Effect.andThen(Pool.use((pool) => Deferred.succeed(pool.drained, undefined)), control.awaitStop)
      ))
      yield* TestClock.adjust("10 millis")
      assert.deepStrictEqual(log.splice(0), ["+Hub", "+Pool", "+Timer", "+Last"])

      yield* control.request(StopReason.shutdown({ signal: "SIGTERM" }))
      assert.deepStrictEqual(yield* Fiber.join(running), { _tag: "Shutdown", signal: "SIGTERM" })
      assert.deepStrictEqual(log, [
        "-Last Shutdown",
        "-Timer Shutdown",
        "-Pool draining Shutdown",
        "-Pool drained",
        "-Hub Shutdown"
      ])
    }).pipe(Effect.provide(Control.layer)))

  it.effect("starts nothing when it is drawn", () =>
    Effect.sync(() => {
      const { blueprint, log } = makeWorker()
      assert.deepStrictEqual(Blueprint.levels(blueprint), [["Hub"], ["Timer", "Pool"], ["Last"]])
      assert.deepStrictEqual(Blueprint.order(blueprint), ["Hub", "Timer", "Pool", "Last"])
      assert.deepStrictEqual(log, [])
    }))

  it.effect("abandons a stop in progress for terminate when the operator escalates", () =>
    Effect.gen(function*() {
      const { blueprint, log } = makeWorker()
      const control = yield* Control
      const running = yield* Effect.forkChild(Blueprint.launch(blueprint))
      yield* TestClock.adjust("10 millis")
      yield* control.request(StopReason.shutdown())
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(log.splice(0).slice(4), ["-Last Shutdown", "-Timer Shutdown", "-Pool draining Shutdown"])

      yield* control.request(StopReason.terminate({ signal: "SIGQUIT" }))
      assert.strictEqual((yield* Fiber.join(running))._tag, "Shutdown")
      assert.deepStrictEqual(log, ["-Pool killed", "-Hub Terminate"])
    }).pipe(Effect.provide(Control.layer)))

  it.effect("terminates at once when that is what was asked for", () =>
    Effect.gen(function*() {
      const { blueprint, log } = makeWorker()
      const control = yield* Control
      const running = yield* Effect.forkChild(Blueprint.launch(blueprint))
      yield* TestClock.adjust("10 millis")
      yield* control.request(StopReason.terminate())
      assert.deepStrictEqual(yield* Fiber.join(running), { _tag: "Terminate" })
      assert.deepStrictEqual(log.slice(4), ["-Last Terminate", "-Timer Terminate", "-Pool killed", "-Hub Terminate"])
    }).pipe(Effect.provide(Control.layer)))

  it.effect("stops what was up, in reverse, when a step fails, and says which one and why", () =>
    Effect.gen(function*() {
      const { Hub, log, Pool, Timer, write } = makeWorker()
      class Refused {
        readonly _tag = "Refused"
      }
      class Bad
        extends Bootstep.Service<Bad, object>()("Bad", { requires: [Pool], start: Effect.fail(new Refused()) })
      {}
      const After = Bootstep.make("After", { requires: [Bad], start: write("+After") })
      const control = yield* Control
      const running = yield* Effect.forkChild(
        Effect.flip(Blueprint.run(Blueprint.make("Worker", [Hub, Timer, Pool, Bad, After]), Effect.never))
      )
      yield* TestClock.adjust("7 millis")
      yield* control.request(StopReason.terminate()) // for the pool, which nobody drains
      const error = yield* Fiber.join(running)
      assert.instanceOf(error, BootstepError)
      assert.strictEqual(error.message, "Bootstep 'Bad' of blueprint 'Worker' failed while starting: Refused")
      assert.strictEqual(error.reason._tag, "Refused")
      assert.deepStrictEqual(log, ["+Hub", "+Pool", "-Pool draining Shutdown", "-Pool killed", "-Hub Terminate"])
    }).pipe(Effect.provide(Control.layer)))

  it.effect("lets one match the error of a step by its reason", () =>
    Effect.gen(function*() {
      const { Hub } = makeWorker()
      class Refused {
        readonly _tag = "Refused"
      }
      class Broken {
        readonly _tag = "Broken"
      }
      const One = Bootstep.make("One", { start: Effect.fail(new Refused()) })
      const Two = Bootstep.make("Two", { requires: [Hub], start: Effect.fail(new Broken()) })
      const outcome = yield* Blueprint.launch(Blueprint.make("Worker", [Hub, One, Two])).pipe(
        Effect.catchReason("BootstepError", "Refused", () => Effect.succeed("refused" as const))
      )
      assert.strictEqual(outcome, "refused")
    }).pipe(Effect.provide(Control.layer)))

  it.effect("names the step whose start dies, and leaves the defect a defect", () =>
    Effect.gen(function*() {
      const Dead = Bootstep.make("Dead", { start: Effect.die(new TypeError("no such thing")) })
      const exit = yield* Effect.exit(Blueprint.launch(Blueprint.make("Worker", [Dead])))
      assert.isTrue(Exit.isFailure(exit) && !Cause.hasFails(exit.cause))
      assert.strictEqual(
        Exit.isFailure(exit) && (Cause.squash(exit.cause) as Error).message,
        "Bootstep 'Dead' of blueprint 'Worker' failed while starting: no such thing"
      )
    }).pipe(Effect.provide(Control.layer)))

  it.effect("aborts the boot when a stop is asked for meanwhile", () =>
    Effect.gen(function*() {
      const { blueprint, log } = makeWorker()
      const control = yield* Control
      const running = yield* Effect.forkChild(Blueprint.launch(blueprint))
      yield* TestClock.adjust("3 millis")
      yield* control.request(StopReason.shutdown())
      assert.deepStrictEqual(yield* Fiber.join(running), { _tag: "Shutdown" })
      assert.deepStrictEqual(log, ["+Hub", "-Hub Shutdown"])
    }).pipe(Effect.provide(Control.layer)))

  it.effect("aborts the boot also where interruption is masked", () =>
    Effect.gen(function*() {
      const { blueprint, log } = makeWorker()
      const control = yield* Control
      const running = yield* Effect.forkChild(Effect.uninterruptible(Blueprint.launch(blueprint)))
      yield* TestClock.adjust("3 millis")
      yield* control.request(StopReason.shutdown())
      yield* Fiber.join(running)
      assert.deepStrictEqual(log, ["+Hub", "-Hub Shutdown"])
    }).pipe(Effect.provide(Control.layer)))

  it.effect("closes every step, in reverse, before it stops any", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const step = (name: string) =>
        Bootstep.make(name, {
          start: Effect.succeed(name),
          close: (self, reason) => Effect.sync(() => log.push(`close ${self} ${reason._tag}`)),
          stop: (self) => Effect.sync(() => log.push(`stop ${self}`))
        })
      yield* Blueprint.run(Blueprint.make("Worker", [step("A"), step("B")]), Effect.void)
      assert.deepStrictEqual(log, ["close B Shutdown", "close A Shutdown", "stop B", "stop A"])
    }).pipe(Effect.provide(Control.layer)))

  it.effect("gives up closing when the operator escalates", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const Pool = Bootstep.make("Pool", {
        start: Effect.void,
        close: () => Effect.onInterrupt(Effect.never, () => Effect.sync(() => log.push("gave up draining"))),
        stop: (_, reason) => Effect.sync(() => log.push(`stop ${reason._tag}`))
      })
      const control = yield* Control
      const running = yield* Effect.forkChild(Blueprint.launch(Blueprint.make("Worker", [Pool])))
      yield* TestClock.adjust(0)
      yield* control.request(StopReason.shutdown())
      yield* TestClock.adjust("1 hour")
      yield* control.request(StopReason.terminate())
      yield* Fiber.join(running)
      assert.deepStrictEqual(log, ["gave up draining", "stop Terminate"])
    }).pipe(Effect.provide(Control.layer)))

  it.effect("gives up a stop that has no terminate, and goes on with the next", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const A = Bootstep.make("A", {
        start: Effect.void,
        stop: (_, reason) => Effect.sync(() => log.push(`A ${reason._tag}`))
      })
      const B = Bootstep.make("B", {
        start: Effect.addFinalizer(() => Effect.sync(() => log.push("B released"))),
        stop: () => Effect.never
      })
      const control = yield* Control
      const running = yield* Effect.forkChild(Blueprint.launch(Blueprint.make("Worker", [A, B])))
      yield* TestClock.adjust(0)
      yield* control.request(StopReason.shutdown())
      yield* TestClock.adjust("1 hour")
      yield* control.request(StopReason.terminate())
      yield* Fiber.join(running)
      assert.deepStrictEqual(log, ["B released", "A Terminate"])
    }).pipe(Effect.provide(Control.layer)))

  it.effect("is a layer that stops when its scope is closed", () =>
    Effect.gen(function*() {
      const { blueprint, log, Pool, Timer } = makeWorker()
      const program = Effect.gen(function*() {
        yield* Deferred.succeed((yield* Pool).drained, undefined)
        return (yield* Timer).hub
      }).pipe(Effect.provide(blueprint.layer))
      const running = yield* Effect.forkChild(program)
      yield* TestClock.adjust("10 millis")
      assert.strictEqual(yield* Fiber.join(running), 1)
      assert.strictEqual(log.length, 9)
      assert.strictEqual(log.at(-1), "-Hub Shutdown")
    }).pipe(Effect.provide(Control.layer)))

  it.effect("stops with the failure of the program as the cause", () =>
    Effect.gen(function*() {
      const reasons: Array<StopReason.StopReason> = []
      const A = Bootstep.make("A", { start: Effect.void, stop: (_, reason) => Effect.sync(() => reasons.push(reason)) })
      const exit = yield* Effect.exit(Blueprint.run(Blueprint.make("Worker", [A]), Effect.fail("oops")))
      assert.deepStrictEqual(exit, Exit.fail("oops"))
      assert.deepStrictEqual(reasons, [{ _tag: "Shutdown", cause: Cause.fail("oops") }])
    }).pipe(Effect.provide(Control.layer)))

  it.effect("releases what a step acquired after it has stopped", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const write = (line: string) => Effect.sync(() => log.push(line))
      const A = Bootstep.make("A", {
        start: Effect.acquireRelease(write("acquire"), () => write("release")),
        stop: () => write("stop")
      })
      yield* Blueprint.run(Blueprint.make("Worker", [A]), write("use"))
      assert.deepStrictEqual(log, ["acquire", "use", "stop", "release"])
    }).pipe(Effect.provide(Control.layer)))

  it.effect("releases what a step had acquired when its start fails", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const A = Bootstep.make("A", {
        start: Effect.andThen(Effect.addFinalizer(() => Effect.sync(() => log.push("release"))), Effect.fail("no")),
        stop: () => Effect.sync(() => log.push("stop"))
      })
      yield* Effect.exit(Blueprint.launch(Blueprint.make("Worker", [A])))
      assert.deepStrictEqual(log, ["release"])
    }).pipe(Effect.provide(Control.layer)))

  it.effect("lets a step use services from outside that the blueprint expects", () =>
    Effect.gen(function*() {
      class App extends Context.Service<App, { readonly name: string }>()("test/App") {}
      class Greeter extends Bootstep.Service<Greeter, string>()("Greeter", {
        requires: [App],
        start: App.useSync((app) => `hello ${app.name}`)
      }) {}
      const blueprint = Blueprint.make("Worker", [Greeter], { expects: [App] })
      const greeting = yield* Blueprint.run(blueprint, Greeter).pipe(Effect.provideService(App, { name: "proj" }))
      assert.strictEqual(greeting, "hello proj")
    }).pipe(Effect.provide(Control.layer)))

  it.effect("hides from a step the services that it does not require", () =>
    Effect.gen(function*() {
      const { Hub } = makeWorker()
      let seen: boolean | undefined
      const Spy = Bootstep.make("Spy", {
        last: true,
        start: Effect.contextWith((context: Context.Context<never>) =>
          Effect.sync(() => {
            seen = context.mapUnsafe.has(Hub.key)
          })
        )
      })
      yield* Blueprint.run(Blueprint.make("Worker", [Hub, Spy]), Effect.void)
      assert.isFalse(seen)
    }).pipe(Effect.provide(Control.layer)))

  it.effect("leaves out a disabled step, and puts its stand-in in its place", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const write = (line: string) => Effect.sync(() => log.push(line))
      class Autoscaler extends Bootstep.Service<Autoscaler, string>()("Autoscaler", {
        init: () => write("init"),
        enabled: Effect.succeed(false),
        disabled: Effect.acquireRelease(Effect.succeed("noop"), () => write("release")),
        start: Effect.as(write("start"), "real"),
        close: () => write("close"),
        stop: () => write("stop"),
        info: () => Effect.succeed({ autoscaler: true })
      }) {}
      const Silent = Bootstep.make("Silent", {
        enabled: Effect.succeed(false),
        start: write("start"),
        stop: () => write("stop")
      })
      const User = Bootstep.make("User", { requires: [Autoscaler], start: Autoscaler.use(write) })
      const info = yield* Blueprint.run(Blueprint.make("Worker", [Autoscaler, Silent, User]), Blueprint.info)
      assert.deepStrictEqual(log, ["init", "noop", "release"])
      assert.deepStrictEqual(info, {})
    }).pipe(Effect.provide(Control.layer)))

  it.effect("asks whether a step is enabled when what it requires is up", () =>
    Effect.gen(function*() {
      const { Hub } = makeWorker()
      let started = false
      const Picky = Bootstep.make("Picky", {
        requires: [Hub],
        enabled: Hub.useSync((hub) => hub.id === 1),
        start: Effect.sync(() => {
          started = true
        })
      })
      yield* Blueprint.run(Blueprint.make("Worker", [Picky, Hub]), Effect.void)
      assert.isTrue(started)
    }).pipe(Effect.provide(Control.layer)))

  it.effect("merges what its steps tell of themselves", () =>
    Effect.gen(function*() {
      const A = Bootstep.make("A", { start: Effect.succeed(4), info: (size) => Effect.succeed({ pool: { size } }) })
      const B = Bootstep.make("B", { start: Effect.void, info: (_, parent) => Effect.succeed({ state: parent.state }) })
      const C = Bootstep.make("C", { start: Effect.void, info: () => Effect.die("broken") })
      const info = yield* Blueprint.run(Blueprint.make("Worker", [A, B, C]), Blueprint.info)
      assert.deepStrictEqual(info, { pool: { size: 4 }, state: "running" })
      assert.deepStrictEqual(yield* Blueprint.info, {})
    }).pipe(Effect.provide(Control.layer)))

  it.effect("goes on stopping when a stop hook fails or dies", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const write = (line: string) => Effect.sync(() => log.push(line))
      const A = Bootstep.make("A", { start: Effect.void, stop: () => write("A") })
      const B = Bootstep.make("B", {
        start: Effect.addFinalizer(() => Effect.die("finalizer")),
        stop: () => Effect.die("B"),
        close: () => Effect.fail("close")
      })
      const C = Bootstep.make("C", {
        start: Effect.void,
        stop: () => {
          throw new Error("C")
        }
      })
      yield* Blueprint.run(Blueprint.make("Worker", [A, B, C]), Effect.void)
      assert.deepStrictEqual(log, ["A"])
    }).pipe(Effect.provide(Control.layer)))

  it.effect("stops with the error of a fiber that it supervises", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const A = Bootstep.make("A", {
        start: Bootstep.forkSupervised(Effect.delay(Effect.fail("lost" as const), "1 minute")),
        stop: (_, reason) => Effect.sync(() => log.push(`stop ${reason._tag}`))
      })
      const running = yield* Effect.forkChild(Effect.flip(Blueprint.launch(Blueprint.make("Worker", [A]))))
      yield* TestClock.adjust("1 minute")
      const error = yield* Fiber.join(running)
      assert.strictEqual(error.message, "Bootstep 'A' of blueprint 'Worker' failed while running: lost")
      assert.strictEqual(error.reason, "lost")
      assert.deepStrictEqual(log, ["stop Shutdown"])
    }).pipe(Effect.provide(Control.layer)))

  it.effect("ends well even if such a fiber fails while all is being stopped", () =>
    Effect.gen(function*() {
      const A = Bootstep.make("A", {
        start: Bootstep.forkSupervised(Effect.delay(Effect.fail("lost" as const), "1 minute")),
        stop: () => Effect.sleep("1 hour")
      })
      const control = yield* Control
      const running = yield* Effect.forkChild(Blueprint.launch(Blueprint.make("Worker", [A])))
      yield* TestClock.adjust("1 second")
      yield* control.request(StopReason.shutdown())
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(yield* Fiber.join(running), { _tag: "Shutdown" })
    }).pipe(Effect.provide(Control.layer)))

  it.effect("aborts the boot when a fiber that it supervises fails meanwhile", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const A = Bootstep.make("A", {
        start: Bootstep.forkSupervised(Effect.delay(Effect.fail("lost" as const), "1 second")),
        stop: (_, reason) => Effect.sync(() => log.push(`stop ${reason._tag}`))
      })
      const B = Bootstep.make("B", {
        start: Effect.onInterrupt(Effect.never, () => Effect.sync(() => log.push("interrupted")))
      })
      const running = yield* Effect.forkChild(Effect.flip(Blueprint.launch(Blueprint.make("Worker", [A, B]))))
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(running)).reason, "lost")
      assert.deepStrictEqual(log, ["interrupted", "stop Shutdown"])
    }).pipe(Effect.provide(Control.layer)))

  it.effect("takes steps from others, and lets them be replaced", () =>
    Effect.gen(function*() {
      class Pool extends Bootstep.Service<Pool, string>()("Pool", { start: Effect.succeed("real") }) {}
      const User = Bootstep.make("User", { requires: [Pool], start: Pool, info: (pool) => Effect.succeed({ pool }) })
      const worker = Blueprint.add(Blueprint.make("Worker", [Pool]), User)
      const test = Blueprint.replace(worker, Bootstep.implement(Pool)("Pool", { start: Effect.succeed("fake") }))
      assert.deepStrictEqual(yield* Blueprint.run(worker, Blueprint.info), { pool: "real" })
      assert.deepStrictEqual(yield* Blueprint.run(test, Blueprint.info), { pool: "fake" })
    }).pipe(Effect.provide(Control.layer)))

  it("prints its steps as Celery does", () => {
    const { Hub, Last, Timer } = makeWorker()
    assert.strictEqual(`${Timer} ${Last}`, "step:Timer{Hub} step:Last{}")
    assert.strictEqual(String(Hub), "step:Hub{}")
  })

  it.effect("takes a layer for a step", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      class Db extends Context.Service<Db, string>()("test/Db") {}
      const layer = Layer.effect(
        Db,
        Effect.acquireRelease(Effect.succeed("db"), () => Effect.sync(() => log.push("released")))
      )
      const DbStep = Bootstep.fromLayer("Db", Db, layer)
      assert.strictEqual(yield* Blueprint.run(Blueprint.make("Worker", [DbStep]), Db), "db")
      assert.deepStrictEqual(log, ["released"])
    }).pipe(Effect.provide(Control.layer)))

  it.effect("fails without starting anything when an init fails", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const A = Bootstep.make("A", {
        start: Effect.sync(() => log.push("start")),
        stop: () => Effect.sync(() => log.push("stop"))
      })
      const B = Bootstep.make("B", { requires: [], init: () => Effect.fail("bad option" as const), start: Effect.void })
      const error = yield* Effect.flip(Blueprint.launch(Blueprint.make("Worker", [A, B])))
      assert.strictEqual(error.message, "Bootstep 'B' of blueprint 'Worker' failed while initializing: bad option")
      assert.deepStrictEqual(log, [])
    }).pipe(Effect.provide(Control.layer)))

  it.effect("can be booted again, each time anew", () =>
    Effect.gen(function*() {
      const { blueprint, log, Pool } = makeWorker()
      for (let times = 0; times < 3; times++) {
        const running = yield* Effect.forkChild(
          Blueprint.run(blueprint, Pool.use((pool) => Deferred.succeed(pool.drained, undefined)))
        )
        yield* TestClock.adjust("10 millis")
        yield* Fiber.join(running)
        assert.strictEqual(log.splice(0).length, 9)
      }
    }).pipe(Effect.provide(Control.layer)))
})
