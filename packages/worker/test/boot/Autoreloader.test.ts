import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import * as Client from "@celeriac/tasks/Client"
import { Autoreloader, layer, type Program } from "@celeriac/worker/boot/Autoreloader"
import * as TestWorker from "@celeriac/worker/testing/TestWorker"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { TestClock } from "effect/testing"
import { Doors, gated, Lines, settled, until } from "../support.ts"

/** A program that is changed, checked and started anew by hand. */
const makeProgram = () => {
  const log: Array<string> = []
  let onChange: (file: string) => Effect.Effect<void> = () => Effect.void
  let check: Effect.Effect<void, Error> = Effect.void
  const program: Program = {
    watch: (listener) =>
      Effect.sync(() => {
        onChange = listener
        return ["app"]
      }),
    check: Effect.suspend(() => {
      log.push("checked")
      return check
    }),
    startAnew: Effect.sync(() => void log.push("starts anew"))
  }
  return {
    log,
    layer: layer(program),
    change: (file: string) => Effect.suspend(() => onChange(file)),
    checksWith: (effect: Effect.Effect<void, Error>) => {
      check = effect
    }
  }
}

const settings = { autoreload: true }

describe("a worker that reloads", () => {
  it.effect("tries the program when nothing has changed for a moment, and stops warm to be started anew", () => {
    const program = makeProgram()
    const doors = new Doors()
    return Effect.gen(function*() {
      const worker = yield* Worker.Worker
      const client = yield* Client.Client
      const sent = yield* client.delay(gated, { n: 1 })
      yield* until("it runs", () => doors.started.length === 1)
      yield* program.change("a.ts")
      yield* TestClock.adjust("200 millis")
      yield* program.change("b.ts")
      yield* TestClock.adjust("200 millis")
      assert.deepStrictEqual(program.log, [])
      yield* TestClock.adjust("100 millis")
      yield* settled
      assert.deepStrictEqual(program.log, ["checked", "starts anew"])
      // What runs is finished before.
      const stopped = yield* Effect.forkChild(worker.awaitShutdown)
      yield* settled
      assert.isUndefined(stopped.pollUnsafe())
      doors.open(1)
      assert.strictEqual((yield* Fiber.join(stopped))._tag, "Shutdown")
      assert.strictEqual(yield* sent.get(), 1)
    }).pipe(Effect.provide(TestWorker.layer({ tasks: [doors.late], settings }).pipe(Layer.provide(program.layer))))
  })

  it.effect("goes on as it was when the program does not load, and says why", () => {
    const program = makeProgram()
    const lines = new Lines()
    return Effect.gen(function*() {
      program.checksWith(Effect.fail(new Error("a.ts: no semicolon")))
      yield* program.change("a.ts")
      yield* TestClock.adjust("1 second")
      assert.isTrue(lines.has("autoreload: a.ts: no semicolon. The worker goes on as it was"))
      assert.deepStrictEqual(program.log, ["checked"])
      program.checksWith(Effect.void)
      yield* program.change("a.ts")
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(program.log, ["checked", "checked", "starts anew"])
    }).pipe(
      Effect.provide(TestWorker.layer({ tasks: [], settings }).pipe(Layer.provide(program.layer))),
      Effect.provide(lines.layer)
    )
  })

  it.effect("tries again what has changed meanwhile", () => {
    const program = makeProgram()
    return Effect.gen(function*() {
      const door = yield* Deferred.make<void>()
      program.checksWith(Deferred.await(door))
      yield* program.change("a.ts")
      yield* TestClock.adjust("1 second")
      yield* program.change("b.ts")
      yield* TestClock.adjust("1 second")
      program.checksWith(Effect.fail(new Error("b.ts does not load")))
      yield* Deferred.succeed(door, undefined)
      yield* settled
      assert.deepStrictEqual(program.log, ["checked", "checked"])
    }).pipe(Effect.provide(TestWorker.layer({ tasks: [], settings }).pipe(Layer.provide(program.layer))))
  })

  it.effect("does not start where nobody says what its program is", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Effect.provide(Effect.void, TestWorker.layer({ tasks: [], settings })))
      assert.include(String(error), "run the worker with `celeriac worker --autoreload`")
    }))

  it.effect("can be told to by a step, which finds a stand-in where it is off", () =>
    Effect.gen(function*() {
      const seen: Array<boolean> = []
      const program = makeProgram()
      const Asking = Bootstep.make("Asking", {
        requires: [Autoreloader],
        start: Effect.gen(function*() {
          const { isEnabled, reload } = yield* Autoreloader
          seen.push(isEnabled)
          yield* reload
        })
      })
      const worker = Worker.make({ tasks: [], steps: { worker: [Asking] } })
      yield* Effect.provide(Effect.void, TestWorker.of(worker))
      yield* Effect.exit(Effect.provide(
        Effect.void,
        TestWorker.of(worker.with({ settings })).pipe(Layer.provide(program.layer))
      ))
      assert.deepStrictEqual([seen, program.log], [[false, true], ["checked", "starts anew"]])
    }))
})
