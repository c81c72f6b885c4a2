import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import type { LogLevel } from "effect/LogLevel"
import * as References from "effect/References"
import * as Schedule from "effect/Schedule"
import { TestClock } from "effect/testing"
import * as Blueprint from "../src/Blueprint.ts"
import * as BootLog from "../src/BootLog.ts"
import * as Bootstep from "../src/Bootstep.ts"
import { Control } from "../src/Control.ts"
import * as StopReason from "../src/StopReason.ts"

/** Collects what is logged at `level` and above. */
const collect = (lines: Array<string>, level: LogLevel = "Debug") =>
  Layer.mergeAll(
    Logger.layer([Logger.make(({ logLevel, message }) => {
      lines.push(`${logLevel}: ${Array.isArray(message) ? message.join(" ") : String(message)}`)
    })]),
    Layer.succeed(References.MinimumLogLevel, level),
    Control.layer
  )

const makeWorker = (lost: Effect.Effect<never, string>) => {
  class Hub extends Bootstep.Service<Hub, object>()("celery.worker.components.Hub", { start: Effect.succeed({}) }) {}
  class Pool extends Bootstep.Service<Pool, object>()("Pool", { requires: [Hub], start: Effect.succeed({}) }) {}
  const Off = Bootstep.make("Off", { enabled: Effect.succeed(false), start: Effect.void })
  class Connection extends Bootstep.Service<Connection, object>()("Connection", {
    start: Effect.succeed({}),
    shutdown: () => Effect.void
  }) {}
  const Evloop = Bootstep.make("Evloop", { label: "event loop", last: true, start: Effect.void })
  const consumer = Blueprint.make("Consumer", [Evloop, Connection])
  return Blueprint.make("Worker", [
    Hub,
    Off,
    Pool,
    Blueprint.step("Consumer", { blueprint: consumer, last: true, until: lost, restart: Schedule.spaced("1 second") })
  ])
}

const bootLines = [
  "Debug: | Worker: Preparing bootsteps.",
  "Debug: | Worker: Building graph...",
  "Debug: | Worker: New boot order: {Hub, Off, Pool, Consumer}",
  "Debug: | Consumer: Preparing bootsteps.",
  "Debug: | Consumer: Building graph...",
  "Debug: | Consumer: New boot order: {Connection, event loop}",
  "Debug: | Worker: Starting Hub",
  "Debug: ^-- substep ok",
  "Debug: | Worker: Starting Pool",
  "Debug: ^-- substep ok",
  "Debug: | Worker: Starting Consumer",
  "Debug: | Consumer: Starting Connection",
  "Debug: ^-- substep ok",
  "Debug: | Consumer: Starting event loop",
  "Debug: ^-- substep ok",
  "Debug: ^-- substep ok"
]

describe("BootLog", () => {
  it.effect("tells a boot, a restart and a warm stop line by line", () => {
    const lines: Array<string> = []
    let times = 0
    const lost = Effect.suspend(() =>
      ++times === 1 ? Effect.delay(Effect.fail("reset by peer"), "1 second") : Effect.never
    )
    return Effect.gen(function*() {
      const running = yield* Effect.forkChild(Blueprint.launch(makeWorker(lost)))
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(lines.splice(0), bootLines)

      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(lines.splice(0), [
        "Warn: Consumer: failed: reset by peer. Trying again in 1s.",
        "Debug: | Consumer: Restarting event loop...",
        "Debug: | Consumer: Restarting Connection...",
        "Debug: | Consumer: Starting Connection",
        "Debug: ^-- substep ok",
        "Debug: | Consumer: Starting event loop",
        "Debug: ^-- substep ok"
      ])

      yield* (yield* Control).request(StopReason.shutdown())
      yield* Fiber.join(running)
      assert.deepStrictEqual(lines, [
        "Debug: | Worker: Closing Consumer...",
        "Debug: | Consumer: Closing event loop...",
        "Debug: | Consumer: Closing Connection...",
        "Debug: | Worker: Closing Pool...",
        "Debug: | Worker: Closing Hub...",
        "Debug: | Worker: Stopping Consumer...",
        "Debug: | Consumer: Stopping event loop...",
        "Debug: | Consumer: Stopping Connection...",
        "Debug: | Worker: Stopping Pool...",
        "Debug: | Worker: Stopping Hub...",
        "Debug: | Consumer: Shutdown Connection..."
      ])
    }).pipe(Effect.provide(collect(lines)))
  })

  it.effect("tells a cold stop", () => {
    const lines: Array<string> = []
    return Effect.gen(function*() {
      const running = yield* Effect.forkChild(Blueprint.launch(makeWorker(Effect.never)))
      yield* TestClock.adjust(0)
      lines.length = 0
      yield* (yield* Control).request(StopReason.terminate())
      yield* Fiber.join(running)
      assert.deepStrictEqual(lines, [
        "Debug: | Worker: Terminating Consumer...",
        "Debug: | Consumer: Terminating event loop...",
        "Debug: | Consumer: Terminating Connection...",
        "Debug: | Worker: Terminating Pool...",
        "Debug: | Worker: Terminating Hub...",
        "Debug: | Consumer: Shutdown Connection..."
      ])
    }).pipe(Effect.provide(collect(lines)))
  })

  it.effect("is silent above debug level", () => {
    const lines: Array<string> = []
    return Effect.gen(function*() {
      yield* Blueprint.run(makeWorker(Effect.never), Effect.void)
      assert.deepStrictEqual(lines, [])
    }).pipe(Effect.provide(collect(lines, "Info")))
  })

  it.effect("puts no line together that nobody reads", () => {
    const graph = makeWorker(Effect.never).graph
    const unread = {
      ...graph,
      get name(): string {
        throw new Error("was read")
      }
    }
    return BootLog.bootOrder(unread).pipe(Effect.provide(collect([], "Info")))
  })

  it.effect("says which hook of which step failed, and why, as an error", () => {
    const lines: Array<string> = []
    const Bad = Bootstep.make("Bad", {
      start: Effect.void,
      close: () => Effect.die(new Error("jammed")),
      stop: () => Effect.fail("stuck")
    })
    return Effect.gen(function*() {
      yield* Blueprint.run(Blueprint.make("Worker", [Bad]), Effect.void)
      assert.deepStrictEqual(lines, ["Error: Error on closing Bad: jammed", "Error: Error on stopping Bad: stuck"])
    }).pipe(Effect.provide(collect(lines, "Info")))
  })
})
