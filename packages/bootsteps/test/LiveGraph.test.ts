import * as Blueprint from "@celeriac/bootsteps/Blueprint"
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import { Control } from "@celeriac/bootsteps/Control"
import * as LiveGraph from "@celeriac/bootsteps/LiveGraph"
import * as Observer from "@celeriac/bootsteps/Observer"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import { TestClock } from "effect/testing"

/** A worker whose consumer is built anew whenever `lose` is called. */
const make = () => {
  let lost = Deferred.makeUnsafe<never, string>()
  const live = LiveGraph.make()
  const drawn: Array<string> = []
  const draw = Effect.sync(() => void drawn.push(LiveGraph.toText(live.steps(worker.graph))))
  class Pool extends Bootstep.Service<Pool, { readonly slots: number }>()("Pool", {
    start: Effect.as(Effect.sleep("3 seconds"), { slots: 1 }),
    close: () => draw
  }) {}
  const Off = Bootstep.make("Off", { requires: [Pool], start: Effect.void, enabled: Effect.succeed(false) })
  const Connection = Bootstep.make("Connection", { start: Effect.void })
  const worker = Blueprint.make("Worker", [
    Pool,
    Off,
    Blueprint.step("Consumer", {
      blueprint: Blueprint.make("Consumer", [Connection]),
      until: Effect.suspend(() => Deferred.await(lost)),
      requires: [Pool],
      last: true,
      restart: Schedule.spaced("1 second")
    })
  ])
  const lose = Effect.suspend(() => {
    const last = lost
    lost = Deferred.makeUnsafe()
    return Deferred.fail(last, "lost")
  })
  const run = Blueprint.launch(worker).pipe(Effect.provide(Layer.merge(Control.layer, Observer.layer(live.observe))))
  return { live, worker, lose, run, drawn, draw }
}

describe("the graph of a blueprint that runs", () => {
  it.effect("shows each step with its state, when it started, and how often again", () =>
    Effect.gen(function*() {
      const { drawn, live, lose, run, worker } = make()
      const text = () => LiveGraph.toText(live.steps(worker.graph))
      const fiber = yield* Effect.forkChild(run)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(
        text(),
        `
step          state     started                   took  restarts
Pool          starting  1970-01-01T00:00:00.000Z
Off           waiting
Consumer      waiting
  Connection  waiting
`.trim()
      )
      yield* TestClock.adjust("2 seconds")
      yield* lose
      yield* TestClock.adjust("500 millis")
      assert.strictEqual(live.steps(worker.graph)[3]?.state, "restarting")
      yield* TestClock.adjust("500 millis")
      const up = `
step          state     started                   took     restarts
Pool          running   1970-01-01T00:00:00.000Z  3000 ms
Off           disabled
Consumer      running   1970-01-01T00:00:03.000Z  0 ms
  Connection  running   1970-01-01T00:00:04.000Z  0 ms     1
`.trim()
      assert.strictEqual(text(), up)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(drawn[0]?.split("\n")[1], up.split("\n")[1]?.replace("running", "closing"))
      assert.deepStrictEqual(live.steps(worker.graph).map(({ state }) => state), [
        "stopped",
        "disabled",
        "stopped",
        "stopped"
      ])
    }))

  it.effect("is drawn with what it shows", () =>
    Effect.gen(function*() {
      const { live, lose, run, worker } = make()
      const fiber = yield* Effect.forkChild(run)
      yield* TestClock.adjust("3 seconds")
      yield* lose
      yield* TestClock.adjust("1 second")
      const drawing = LiveGraph.toMermaid(worker.graph, live.steps(worker.graph))
      for (
        const line of [
          "b0s0[\"Pool<br/>running since 1970-01-01T00:00:00.000Z\"]:::running",
          "b0s1[\"Off<br/>disabled\"]:::disabled",
          "b1s0[\"Connection<br/>running since 1970-01-01T00:00:04.000Z, restarted once\"]:::running",
          "b0s0 --> b0s1",
          "classDef running fill:#d3f9d8"
        ]
      ) assert.include(drawing, line)
      yield* Fiber.interrupt(fiber)
    }))

  it.effect("shows a step that could not start", () =>
    Effect.gen(function*() {
      const live = LiveGraph.make()
      const broken = Blueprint.make("Broken", [Bootstep.make("Bad", { start: Effect.fail("no") })])
      yield* Effect.flip(
        Blueprint.launch(broken).pipe(Effect.provide(Layer.merge(Control.layer, Observer.layer(live.observe))))
      )
      assert.strictEqual(live.steps(broken.graph)[0]?.state, "failed")
    }))
})
