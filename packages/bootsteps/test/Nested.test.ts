import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import { TestClock } from "effect/testing"
import * as Blueprint from "../src/Blueprint.ts"
import * as Bootstep from "../src/Bootstep.ts"
import { Control } from "../src/Control.ts"
import { Nodename, type Parent } from "../src/Parent.ts"
import * as StopReason from "../src/StopReason.ts"

class Lost {
  readonly _tag = "Lost"
}
class Denied {
  readonly _tag = "Denied"
  readonly isRecoverable = false
}

/** The step of the guide that says what happens to it and in which state its parent then is. */
const infoStep = (print: (line: string) => void) => {
  const say = (parent: Parent, what: string) => Effect.sync(() => print(`${parent} is ${what}`))
  return Bootstep.make("InfoStep", {
    init: (parent) => say(parent, "in init"),
    start: (parent) => say(parent, "starting"),
    stop: (_self, _reason, parent) => say(parent, "stopping"),
    shutdown: (_self, parent) => say(parent, "shutting down")
  })
}

/** A consumer blueprint around a connection that does, each time, what the plan says next. */
const makeConsumer = (
  plan: (attempt: number) => Effect.Effect<Effect.Effect<never, Lost | Denied>, Lost | Denied>
) => {
  const log: Array<string> = []
  const write = (line: string) => Effect.sync(() => void log.push(line))
  let attempt = 0
  class Pool extends Bootstep.Service<Pool, string>()("Pool", {
    start: Effect.as(write("+Pool"), "pool"),
    close: () => write("close Pool"),
    stop: (_, reason) => write(`-Pool ${reason._tag}`)
  }) {}
  class Connection extends Bootstep.Service<Connection, { readonly lost: Effect.Effect<never, Lost | Denied> }>()(
    "Connection",
    {
      start: Effect.gen(function*() {
        attempt++
        yield* write(`+Connection ${attempt}`)
        return { lost: yield* plan(attempt) }
      }),
      close: () => write("close Connection"),
      stop: (_, reason) => write(`-Connection ${reason._tag}`),
      shutdown: () => write("shutdown Connection")
    }
  ) {}
  const Tasks = Bootstep.make("Tasks", {
    requires: [Connection, Pool],
    start: write("+Tasks"),
    close: () => write("close Tasks"),
    stop: (_, reason) => write(`-Tasks ${reason._tag}`),
    shutdown: () => write("shutdown Tasks")
  })
  const consumer = Blueprint.make("Consumer", [Connection, Tasks], { expects: [Pool] })
  const until = Effect.flatMap(Connection, (connection) => connection.lost)
  return { log, write, Pool, consumer, until }
}

const up = Effect.succeed(Effect.never)
const lostAfter = (time: Duration.Input) => Effect.succeed(Effect.delay(Effect.fail(new Lost()), time))
const everySecond = Schedule.spaced("1 second")
const quiet = { onRestart: () => Effect.void }

describe("Blueprint.step", () => {
  it.effect("tells the life of a worker as the guide does", () =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      const step = infoStep((line) => lines.push(line))
      const consumer = Blueprint.make("Consumer", [step])
      const worker = Blueprint.make("Worker", [
        Blueprint.step("Consumer", { blueprint: consumer, last: true, until: Effect.never }),
        step
      ])
      yield* Blueprint.run(worker, Effect.void)
      assert.deepStrictEqual(lines, [
        "<Worker: w@example.com (initializing)> is in init",
        "<Consumer: w@example.com (initializing)> is in init",
        "<Worker: w@example.com (running)> is starting",
        "<Consumer: w@example.com (running)> is starting",
        "<Consumer: w@example.com (closing)> is stopping",
        "<Worker: w@example.com (closing)> is stopping",
        "<Consumer: w@example.com (terminating)> is shutting down"
      ])
    }).pipe(Effect.provide(Control.layer), Effect.provideService(Nodename, "w@example.com")))

  it.effect("is built anew, with backoff, while the blueprint around it lives on", () =>
    Effect.gen(function*() {
      const { consumer, log, Pool, until } = makeConsumer((attempt) =>
        attempt === 2 ? Effect.fail(new Lost()) : attempt < 4 ? lostAfter("500 millis") : up
      )
      const errors: Array<readonly [string, Blueprint.RestartDetails]> = []
      const worker = Blueprint.make("Worker", [
        Pool,
        Blueprint.step("Consumer", {
          blueprint: consumer,
          until,
          last: true,
          restart: Schedule.exponential("100 millis"),
          onRestart: (error, details) => Effect.sync(() => errors.push([error._tag, details]))
        })
      ])
      const control = yield* Control
      const running = yield* Effect.forkChild(Blueprint.launch(worker))
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(log.splice(0), [
        "+Pool",
        "+Connection 1",
        "+Tasks",
        "-Tasks Restart",
        "-Connection Restart",
        "+Connection 2",
        "+Connection 3",
        "+Tasks",
        "-Tasks Restart",
        "-Connection Restart",
        "+Connection 4",
        "+Tasks"
      ])
      assert.deepStrictEqual(errors, [
        ["Lost", { restarts: 0, attempts: 1, wasUp: true, delay: Duration.millis(100) }],
        ["Lost", { restarts: 1, attempts: 2, wasUp: false, delay: Duration.millis(200) }],
        ["Lost", { restarts: 2, attempts: 3, wasUp: true, delay: Duration.millis(400) }]
      ])

      yield* control.request(StopReason.shutdown())
      yield* Fiber.join(running)
      assert.deepStrictEqual(log, [
        "close Tasks",
        "close Connection",
        "close Pool",
        "-Tasks Shutdown",
        "-Connection Shutdown",
        "-Pool Shutdown",
        "shutdown Tasks",
        "shutdown Connection"
      ])
    }).pipe(Effect.provide(Control.layer)))

  it.effect("begins its backoff afresh when it has been up for a while", () =>
    Effect.gen(function*() {
      const { consumer, Pool, until } = makeConsumer(() => lostAfter("2 seconds"))
      const delays: Array<number> = []
      const worker = Blueprint.make("Worker", [
        Pool,
        Blueprint.step("Consumer", {
          blueprint: consumer,
          until,
          restart: Schedule.exponential("100 millis"),
          onRestart: (_, { delay }) => Effect.sync(() => delays.push(Duration.toMillis(delay)))
        })
      ])
      yield* Effect.forkChild(Blueprint.launch(worker))
      yield* TestClock.adjust("7 seconds")
      assert.deepStrictEqual(delays, [100, 100, 100])
    }).pipe(Effect.provide(Control.layer)))

  it.effect("waits a quarter of a second, doubling to five, a fifth more or less, and for ever, by default", () =>
    Effect.gen(function*() {
      const { consumer, Pool, until } = makeConsumer(() => Effect.fail(new Lost()))
      const delays: Array<number> = []
      const worker = Blueprint.make("Worker", [
        Pool,
        Blueprint.step("Consumer", {
          blueprint: consumer,
          until,
          onRestart: (_, { delay }) => Effect.sync(() => delays.push(Duration.toMillis(delay)))
        })
      ])
      yield* Effect.forkChild(Blueprint.launch(worker))
      yield* TestClock.adjust("10 minutes")
      assert.isAbove(delays.length, 90)
      for (const [n, delay] of delays.entries()) {
        const middle = Math.min(250 * 2 ** n, 5_000)
        assert.isAtLeast(delay, 0.8 * middle)
        assert.isAtMost(delay, 1.2 * middle)
      }
      // The cap comes first: those that have come to it differ all the same.
      assert.strictEqual(new Set(delays).size, delays.length)
    }).pipe(Effect.provide(Control.layer)))

  it.effect("fails the blueprint around it, in good order, with what is not recoverable", () =>
    Effect.gen(function*() {
      const { consumer, log, Pool, until } = makeConsumer(() =>
        Effect.succeed(Effect.delay(Effect.fail(new Denied()), "1 minute"))
      )
      const worker = Blueprint.make("Worker", [Pool, Blueprint.step("Consumer", { blueprint: consumer, until })])
      const running = yield* Effect.forkChild(Effect.flip(Blueprint.launch(worker)))
      yield* TestClock.adjust("1 minute")
      const error = yield* Fiber.join(running)
      assert.strictEqual(error.reason._tag, "Denied")
      assert.strictEqual(error.message, "Bootstep 'Consumer' of blueprint 'Worker' failed while running: Denied")
      assert.deepStrictEqual(log, [
        "+Pool",
        "+Connection 1",
        "+Tasks",
        "close Tasks",
        "close Connection",
        "close Pool",
        "-Tasks Shutdown",
        "-Connection Shutdown",
        "-Pool Shutdown",
        "shutdown Tasks",
        "shutdown Connection"
      ])
    }).pipe(Effect.provide(Control.layer)))

  it.effect("asks the program which errors are recoverable", () =>
    Effect.gen(function*() {
      const { consumer, Pool, until } = makeConsumer((attempt) =>
        Effect.fail(attempt === 1 ? new Denied() : new Lost())
      )
      const worker = Blueprint.make("Worker", [
        Pool,
        Blueprint.step("Consumer", {
          blueprint: consumer,
          until,
          isRecoverable: (error) => error._tag === "Denied",
          restart: everySecond,
          ...quiet
        })
      ])
      const running = yield* Effect.forkChild(Effect.flip(Blueprint.launch(worker)))
      yield* TestClock.adjust("1 second")
      const error = yield* Fiber.join(running)
      assert.strictEqual(error.reason._tag, "Lost")
      assert.strictEqual(error.step, "Connection")
    }).pipe(Effect.provide(Control.layer)))

  it.effect("tells whoever decides about an error whether it has ever been up", () =>
    Effect.gen(function*() {
      const { consumer, Pool, until } = makeConsumer((attempt) =>
        attempt === 2 ? lostAfter("1 second") : Effect.fail(new Lost())
      )
      const told: Array<boolean> = []
      const worker = Blueprint.make("Worker", [
        Pool,
        Blueprint.step("Consumer", {
          blueprint: consumer,
          until,
          isRecoverable: (_, wasUp) => told.push(wasUp) < 8,
          restart: everySecond,
          ...quiet
        })
      ])
      const running = yield* Effect.forkChild(Effect.flip(Blueprint.launch(worker)))
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(running)
      assert.isFalse(told[0])
      assert.deepStrictEqual(told.filter((wasUp, index) => wasUp && !told.slice(index).every(Boolean)), [])
      assert.isTrue(told.at(-1))
    }).pipe(Effect.provide(Control.layer)))

  it.effect("fails when its schedule ends", () =>
    Effect.gen(function*() {
      const { consumer, log, Pool, until } = makeConsumer(() => Effect.fail(new Lost()))
      const worker = Blueprint.make("Worker", [
        Pool,
        Blueprint.step("Consumer", {
          blueprint: consumer,
          until,
          restart: Schedule.upTo(everySecond, { times: 2 }),
          ...quiet
        })
      ])
      const running = yield* Effect.forkChild(Effect.flip(Blueprint.launch(worker)))
      yield* TestClock.adjust("10 seconds")
      const error = yield* Fiber.join(running)
      assert.strictEqual(error.message, "Bootstep 'Connection' of blueprint 'Consumer' failed while starting: Lost")
      assert.deepStrictEqual(log, ["+Pool", "+Connection 1", "+Connection 2", "+Connection 3", "-Pool Shutdown"])
    }).pipe(Effect.provide(Control.layer)))

  it.effect("takes a defect for the end, and never sits idle", () =>
    Effect.gen(function*() {
      for (const end of [Effect.die("bug"), Effect.interrupt]) {
        const { consumer, log, Pool } = makeConsumer(() => up)
        const worker = Blueprint.make("Worker", [
          Pool,
          Blueprint.step("Consumer", { blueprint: consumer, until: Effect.delay(end, "1 second") })
        ])
        const running = yield* Effect.forkChild(
          Effect.exit(Blueprint.launch(worker)).pipe(Effect.provide(Control.layer, { local: true }))
        )
        yield* TestClock.adjust("1 second")
        assert.isTrue(Exit.isFailure(yield* Fiber.join(running)))
        assert.strictEqual(log.at(-1), "shutdown Connection")
      }
    }))

  it.effect("keeps the boot waiting until it is up for the first time", () =>
    Effect.gen(function*() {
      const { consumer, log, Pool, until, write } = makeConsumer((attempt) =>
        attempt < 3 ? Effect.fail(new Lost()) : up
      )
      const worker = Blueprint.make("Worker", [
        Pool,
        Blueprint.step("Consumer", { blueprint: consumer, until, restart: everySecond, ...quiet }),
        Bootstep.make("Ready", { last: true, start: write("ready") })
      ])
      yield* Effect.forkChild(Blueprint.launch(worker))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(log, ["+Pool", "+Connection 1", "+Connection 2", "+Connection 3", "+Tasks", "ready"])
    }).pipe(Effect.provide(Control.layer)))

  it.effect("boots in the background when told not to wait", () =>
    Effect.gen(function*() {
      const { consumer, log, Pool, until, write } = makeConsumer((attempt) =>
        attempt < 2 ? Effect.fail(new Lost()) : up
      )
      const worker = Blueprint.make("Worker", [
        Pool,
        Blueprint.step("Consumer", { blueprint: consumer, until, restart: everySecond, awaitFirst: false, ...quiet }),
        Bootstep.make("Ready", { last: true, start: write("ready") })
      ])
      yield* Effect.forkChild(Blueprint.launch(worker))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(log, ["+Pool", "+Connection 1", "ready", "+Connection 2", "+Tasks"])
    }).pipe(Effect.provide(Control.layer)))

  it.effect("stops the worker when its first boot in the background fails for good", () =>
    Effect.gen(function*() {
      const { consumer, Pool, until } = makeConsumer(() => Effect.delay(Effect.fail(new Denied()), "1 second"))
      const worker = Blueprint.make("Worker", [
        Pool,
        Blueprint.step("Consumer", { blueprint: consumer, until, awaitFirst: false })
      ])
      const running = yield* Effect.forkChild(Effect.flip(Blueprint.launch(worker)))
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(running)).reason._tag, "Denied")
    }).pipe(Effect.provide(Control.layer)))

  it.effect("boots no more once a stop was asked for, wherever it was", () =>
    Effect.gen(function*() {
      // starting its connection, waiting to try again, up and about to be lost
      for (const when of ["500 millis", "1500 millis", "2500 millis"] as const) {
        for (const awaitFirst of [true, false]) {
          const { consumer, log, Pool, until } = makeConsumer((attempt) =>
            attempt === 1 ? Effect.delay(Effect.fail(new Lost()), "1 second") : lostAfter("1 second")
          )
          const slow = Bootstep.make("Slow", { start: Effect.void, close: () => Effect.sleep("1 minute") })
          const worker = Blueprint.make("Worker", [
            Pool,
            slow,
            Blueprint.step("Consumer", {
              blueprint: consumer,
              until,
              restart: everySecond,
              awaitFirst,
              last: true,
              ...quiet
            })
          ])
          yield* Effect.gen(function*() {
            const running = yield* Effect.forkChild(Blueprint.launch(worker))
            yield* TestClock.adjust(when)
            yield* (yield* Control).request(StopReason.shutdown())
            const before = log.filter((line) => line.startsWith("+")).length
            yield* TestClock.adjust("10 minutes")
            assert.strictEqual((yield* Fiber.join(running))._tag, "Shutdown")
            assert.strictEqual(log.filter((line) => line.startsWith("+")).length, before)
            assert.isFalse(log.some((line) => line.endsWith("Restart")))
          }).pipe(Effect.provide(Control.layer, { local: true }))
        }
      }
    }))

  it.effect("keeps the scope of a step with a shutdown open until the blueprint around has stopped", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const write = (line: string) => Effect.sync(() => void log.push(line))
      const lost = Deferred.makeUnsafe<never, Lost>()
      const held = (name: string, shutdown: boolean) =>
        Bootstep.make(name, {
          start: Effect.acquireRelease(Effect.void, () => write(`release ${name}`)),
          ...(shutdown ? { shutdown: () => write(`shutdown ${name}`) } : {})
        })
      const inner = Blueprint.make("Consumer", [held("A", true), held("B", false), held("C", true)])
      const worker = Blueprint.make("Worker", [
        Bootstep.make("Pool", { start: Effect.void, stop: () => write("stop Pool") }),
        Blueprint.step("Consumer", {
          blueprint: inner,
          until: Deferred.await(lost),
          restart: everySecond,
          last: true,
          ...quiet
        })
      ])
      const control = yield* Control
      const running = yield* Effect.forkChild(Blueprint.launch(worker))
      yield* TestClock.adjust(0)
      yield* control.request(StopReason.shutdown())
      yield* Fiber.join(running)
      assert.deepStrictEqual(log, ["release B", "stop Pool", "shutdown C", "release C", "shutdown A", "release A"])
    }).pipe(Effect.provide(Control.layer)))

  it.effect("restarts when a fiber that one of its steps supervises fails", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      let times = 0
      const Tasks = Bootstep.make("Tasks", {
        start: Bootstep.forkSupervised(
          Effect.suspend(() => ++times < 3 ? Effect.delay(Effect.fail(new Lost()), "1 second") : Effect.never)
        ),
        stop: (_, reason) => Effect.sync(() => log.push(reason._tag))
      })
      const worker = Blueprint.make("Worker", [
        Blueprint.step("Consumer", {
          blueprint: Blueprint.make("Consumer", [Tasks]),
          until: Effect.never,
          restart: everySecond,
          ...quiet
        })
      ])
      yield* Effect.forkChild(Blueprint.launch(worker))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(log, ["Restart", "Restart"])
    }).pipe(Effect.provide(Control.layer)))

  it.effect("restarts when such a fiber fails while others are still starting", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      let times = 0
      const Tasks = Bootstep.make("Tasks", {
        start: Bootstep.forkSupervised(Effect.delay(Effect.fail(new Lost()), "1 second")),
        stop: (_, reason) => Effect.sync(() => log.push(reason._tag))
      })
      const Stuck = Bootstep.make("Stuck", { start: Effect.suspend(() => ++times < 3 ? Effect.never : Effect.void) })
      const worker = Blueprint.make("Worker", [
        Blueprint.step("Consumer", {
          blueprint: Blueprint.make("Consumer", [Tasks, Stuck]),
          until: Effect.never,
          restart: everySecond,
          ...quiet
        })
      ])
      yield* Effect.forkChild(Blueprint.launch(worker))
      yield* TestClock.adjust("4500 millis")
      assert.deepStrictEqual(log, ["Restart", "Restart"])
      assert.strictEqual(times, 3)
    }).pipe(Effect.provide(Control.layer)))

  it.effect("leaves nothing behind after a thousand restarts", () =>
    Effect.gen(function*() {
      let open = 0
      let boots = 0
      class Connection extends Bootstep.Service<Connection, object>()("Connection", {
        start: Effect.acquireRelease(
          Effect.sync(() => {
            boots++
            open++
            return {}
          }),
          () => Effect.sync(() => open--)
        ),
        shutdown: () => Effect.void
      }) {}
      const Loop = Bootstep.make("Loop", {
        requires: [Connection],
        start: Effect.andThen(
          Effect.acquireRelease(Effect.sync(() => open++), () => Effect.sync(() => open--)),
          Effect.forkScoped(Effect.never)
        )
      })
      const worker = Blueprint.make("Worker", [
        Blueprint.step("Consumer", {
          blueprint: Blueprint.make("Consumer", [Connection, Loop]),
          until: Effect.delay(Effect.fail(new Lost()), "1 second"),
          restart: everySecond,
          ...quiet
        })
      ])
      const control = yield* Control
      const running = yield* Effect.forkChild(Blueprint.launch(worker))
      yield* TestClock.adjust("2000 seconds")
      assert.strictEqual(boots, 1001)
      assert.strictEqual(open, 2)
      yield* control.request(StopReason.shutdown())
      yield* Fiber.join(running)
      assert.strictEqual(open, 0)
    }).pipe(Effect.provide(Control.layer)))

  it.effect("goes as deep as one likes", () =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      const step = infoStep((line) => lines.push(line))
      const inner = Blueprint.make("Inner", [step])
      const middle = Blueprint.make("Middle", [
        step,
        Blueprint.step("Inner", { blueprint: inner, until: Effect.never })
      ])
      const outer = Blueprint.make("Outer", [
        step,
        Blueprint.step("Middle", { blueprint: middle, until: Effect.never })
      ])
      yield* Blueprint.run(outer, Effect.void)
      assert.deepStrictEqual(lines, [
        "<Outer (initializing)> is in init",
        "<Middle (initializing)> is in init",
        "<Inner (initializing)> is in init",
        "<Outer (running)> is starting",
        "<Middle (running)> is starting",
        "<Inner (running)> is starting",
        "<Inner (closing)> is stopping",
        "<Middle (closing)> is stopping",
        "<Inner (terminating)> is shutting down",
        "<Outer (closing)> is stopping",
        "<Middle (terminating)> is shutting down"
      ])
    }).pipe(Effect.provide(Control.layer)))

  it.effect("is stopped also when the boot around it ends at the very moment in which it comes up", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const write = (line: string) => Effect.sync(() => void log.push(line))
      class Slow extends Bootstep.Service<Slow, string>()("Slow", { start: Effect.delay(Effect.succeed("slow"), 1) }) {}
      const Up = Bootstep.make("Up", { start: write("+Up"), stop: () => write("-Up") })
      const Dies = Bootstep.make("Dies", { start: Effect.die("at once") })
      const background = { until: Effect.never, awaitFirst: false }
      const inner = Blueprint.make("Inner", [Dies])
      const consumer = Blueprint.make("Consumer", [Up, Blueprint.step("Inner", { ...background, blueprint: inner })])
      const worker = Blueprint.make("Worker", [
        Slow,
        Blueprint.step("Consumer", { ...background, blueprint: consumer, requires: [Slow] })
      ])
      const running = yield* Effect.forkChild(Effect.exit(Blueprint.launch(worker)))
      yield* TestClock.adjust(1)
      assert.isTrue(Exit.isFailure(yield* Fiber.join(running)))
      assert.deepStrictEqual(log, ["+Up", "-Up"])
    }).pipe(Effect.provide(Control.layer)))

  it.effect("has its final stop before those that began before it", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const nested = (name: string) =>
        Blueprint.step(name, {
          blueprint: Blueprint.make(name, [
            Bootstep.make(`In ${name}`, {
              start: Effect.void,
              shutdown: () => Effect.sync(() => log.push(name))
            })
          ]),
          until: Effect.never
        })
      yield* Blueprint.run(Blueprint.make("Worker", [nested("A"), nested("B")]), Effect.void)
      assert.deepStrictEqual(log, ["B", "A"])
    }).pipe(Effect.provide(Control.layer)))

  it.effect("is not built anew while a stop that was asked for is on its way to it", () =>
    Effect.gen(function*() {
      const { consumer, log, Pool, until } = makeConsumer(() => lostAfter("500 millis"))
      const worker = Blueprint.make("Worker", [
        Pool,
        Blueprint.step("Consumer", { blueprint: consumer, until, restart: everySecond, ...quiet }),
        Bootstep.make("Slow", { last: true, start: Effect.void, terminate: () => Effect.sleep("1 minute") })
      ])
      const control = yield* Control
      const running = yield* Effect.forkChild(Blueprint.launch(worker))
      yield* TestClock.adjust("1 second")
      yield* control.request(StopReason.terminate())
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(running))._tag, "Terminate")
      assert.deepStrictEqual(log.filter((line) => line.startsWith("+")), ["+Pool", "+Connection 1", "+Tasks"])
    }).pipe(Effect.provide(Control.layer)))

  it.effect("tells of its steps while it boots", () =>
    Effect.gen(function*() {
      const First = Bootstep.make("First", { start: Effect.void, info: () => Effect.succeed({ first: true }) })
      const Slow = Bootstep.make("Slow", { last: true, start: Effect.never })
      let asked: Effect.Effect<Bootstep.Info> = Effect.succeed({})
      const Asks = Bootstep.make("Asks", {
        start: Effect.contextWith((context: Context.Context<never>) =>
          Effect.sync(() => {
            asked = Effect.provideContext(Blueprint.info, context)
          })
        )
      })
      const worker = Blueprint.make("Worker", [
        Asks,
        Blueprint.step("Consumer", { blueprint: Blueprint.make("Consumer", [First, Slow]), until: Effect.never })
      ])
      const running = yield* Effect.forkChild(Blueprint.launch(worker))
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(yield* asked, { first: true })
      yield* Fiber.interrupt(running)
    }).pipe(Effect.provide(Control.layer)))

  it.effect("escalates in the middle of an inner stop", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const write = (line: string) => Effect.sync(() => void log.push(line))
      const step = (name: string) =>
        Bootstep.make(name, {
          start: Effect.void,
          stop: () => name === "B" ? Effect.never : write(`stop ${name}`),
          terminate: () => write(`terminate ${name}`)
        })
      const worker = Blueprint.make("Worker", [
        step("Pool"),
        Blueprint.step("Consumer", {
          blueprint: Blueprint.make("Consumer", [step("A"), step("B"), step("C")]),
          until: Effect.never,
          last: true
        })
      ])
      const control = yield* Control
      const running = yield* Effect.forkChild(Blueprint.launch(worker))
      yield* TestClock.adjust(0)
      yield* control.request(StopReason.shutdown())
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(log, ["stop C"])
      yield* control.request(StopReason.terminate())
      yield* Fiber.join(running)
      assert.deepStrictEqual(log, ["stop C", "terminate B", "terminate A", "terminate Pool"])
    }).pipe(Effect.provide(Control.layer)))

  it.effect("tells of inner steps too, from wherever one asks", () =>
    Effect.gen(function*() {
      let asked: Effect.Effect<Bootstep.Info> = Effect.succeed({})
      const Inner = Bootstep.make("Inner", {
        start: Effect.contextWith((context: Context.Context<never>) =>
          Effect.sync(() => {
            asked = Effect.provideContext(Blueprint.info, context)
          })
        ),
        info: () => Effect.succeed({ prefetch: 4 })
      })
      const worker = Blueprint.make("Worker", [
        Bootstep.make("Pool", { start: Effect.void, info: () => Effect.succeed({ pool: 2 }) }),
        Blueprint.step("Consumer", { blueprint: Blueprint.make("Consumer", [Inner]), until: Effect.never })
      ])
      const [outside, inside] = yield* Blueprint.run(worker, Effect.zip(Blueprint.info, Effect.suspend(() => asked)))
      assert.deepStrictEqual(outside, { pool: 2, prefetch: 4 })
      assert.deepStrictEqual(inside, outside)
    }).pipe(Effect.provide(Control.layer)))

  it.effect("shares the services of the blueprint around it, and of the program", () =>
    Effect.gen(function*() {
      class App extends Context.Service<App, string>()("test/App") {}
      class Pool extends Bootstep.Service<Pool, string>()("Pool", { start: Effect.succeed("pool") }) {}
      const User = Bootstep.make("User", {
        requires: [App, Pool],
        start: Effect.zip(App, Pool),
        info: (self) => Effect.succeed({ self })
      })
      const consumer = Blueprint.make("Consumer", [User], { expects: [App, Pool] })
      const worker = Blueprint.make("Worker", [
        Pool,
        Blueprint.step("Consumer", { blueprint: consumer, until: Effect.never })
      ], { expects: [App] })
      const info = yield* Blueprint.run(worker, Blueprint.info).pipe(Effect.provide(Layer.succeed(App, "app")))
      assert.deepStrictEqual(info, { self: ["app", "pool"] })
    }).pipe(Effect.provide(Control.layer)))
})
