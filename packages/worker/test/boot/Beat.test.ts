import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import * as Beat from "@celeriac/worker/boot/Beat"
import * as TestWorker from "@celeriac/worker/testing/TestWorker"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { TestClock } from "effect/testing"

const make = (beat: boolean) => {
  const seen: Array<boolean> = []
  const Asking = Bootstep.make("Asking", {
    requires: [Beat.Beat],
    start: Effect.map(Beat.Beat, ({ isEmbedded }) => seen.push(isEmbedded))
  })
  return { seen, worker: Worker.make({ tasks: [], steps: { worker: [Asking] }, settings: { beat } }) }
}

describe("a worker with -B", () => {
  it.effect("runs the scheduler that there is for as long as it lives", () =>
    Effect.gen(function*() {
      const { seen, worker } = make(true)
      let beats = 0
      const scheduler = Beat.layer(Effect.forever(Effect.andThen(Effect.sleep("1 second"), Effect.sync(() => beats++))))
      yield* TestClock.adjust("3500 millis").pipe(
        Effect.provide(TestWorker.of(worker).pipe(Layer.provide(scheduler)))
      )
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual([beats, seen], [3, [true]])
    }))

  it.effect("does not start when there is none, and says so", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Effect.provide(Effect.void, TestWorker.of(make(true).worker)))
      assert.include(String(error), "-B asks for a scheduler in this worker (`beat`), and there is none")
    }))

  it.effect("stops with what its scheduler fails with", () =>
    Effect.gen(function*() {
      const scheduler = Beat.layer(Effect.andThen(Effect.sleep("1 second"), Effect.fail("no schedule")))
      const exit = yield* Effect.gen(function*() {
        const { awaitShutdown } = yield* Worker.Worker
        yield* TestClock.adjust("1 second")
        return yield* Effect.exit(awaitShutdown)
      }).pipe(Effect.provide(TestWorker.of(make(true).worker).pipe(Layer.provide(scheduler))))
      assert.include(Exit.isFailure(exit) ? String(exit.cause) : "", "no schedule")
    }))

  it.effect("has one only then", () =>
    Effect.gen(function*() {
      const { seen, worker } = make(false)
      const scheduler = Beat.layer(Effect.die("not asked for"))
      yield* Effect.provide(Effect.void, TestWorker.of(worker).pipe(Layer.provide(scheduler)))
      assert.deepStrictEqual(seen, [false])
    }))
})
