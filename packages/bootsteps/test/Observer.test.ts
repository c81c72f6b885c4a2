import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { TestClock } from "effect/testing"
import * as Tracer from "effect/Tracer"
import * as Blueprint from "../src/Blueprint.ts"
import * as Bootstep from "../src/Bootstep.ts"
import * as BootTimeline from "../src/BootTimeline.ts"
import { Control } from "../src/Control.ts"
import * as Observer from "../src/Observer.ts"
import * as StepSpans from "../src/StepSpans.ts"

class Hub extends Bootstep.Service<Hub, object>()("Hub", {
  init: () => Effect.void,
  start: Effect.delay(Effect.succeed({}), "10 millis"),
  close: () => Effect.sleep("1 millis"),
  stop: () => Effect.sleep("2 millis")
}) {}
class Pool extends Bootstep.Service<Pool, object>()("app.Pool", {
  requires: [Hub],
  start: Effect.delay(Effect.succeed({}), "30 millis")
}) {}
const Off = Bootstep.make("Off", { enabled: Effect.succeed(false), start: Effect.void })
const Inner = Bootstep.make("Inner", { start: Effect.sleep("5 millis"), shutdown: () => Effect.sleep("3 millis") })
const worker = Blueprint.make("Worker", [
  Off,
  Hub,
  Pool,
  Blueprint.step("Consumer", { blueprint: Blueprint.make("Consumer", [Inner]), last: true, until: Effect.never })
])

const runFor = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const running = yield* Effect.forkChild(effect)
    yield* TestClock.adjust("1 second")
    return yield* Fiber.join(running)
  })

describe("Observer", () => {
  it.effect("is told of every phase of every step, and of how long it took", () => {
    const events: Array<string> = []
    const observer = Observer.layer((event) =>
      Effect.sync(() =>
        events.push(
          `${event.blueprint}.${event.label} ${event.phase} ${event.at}+${event.duration} ${event.reason?._tag ?? ""}`
            .trim()
        )
      )
    )
    return Effect.gen(function*() {
      yield* runFor(Blueprint.run(worker, Effect.void))
      assert.deepStrictEqual(events, [
        "Worker.Hub initializing 0+0",
        "Worker.Hub initialized 0+0",
        "Worker.Off disabled 0+0",
        "Worker.Hub starting 0+0",
        "Worker.Hub started 10+10",
        "Worker.Pool starting 10+0",
        "Worker.Pool started 40+30",
        "Worker.Consumer starting 40+0",
        "Consumer.Inner starting 40+0",
        "Consumer.Inner started 45+5",
        "Worker.Consumer started 45+5",
        "Worker.Consumer closing 45+0 Shutdown",
        "Consumer.Inner closing 45+0 Shutdown",
        "Consumer.Inner closed 45+0 Shutdown",
        "Worker.Consumer closed 45+0 Shutdown",
        "Worker.Pool closing 45+0 Shutdown",
        "Worker.Pool closed 45+0 Shutdown",
        "Worker.Hub closing 45+0 Shutdown",
        "Worker.Hub closed 46+1 Shutdown",
        "Worker.Consumer stopping 46+0 Shutdown",
        "Consumer.Inner stopping 46+0 Shutdown",
        "Consumer.Inner stopped 46+0 Shutdown",
        "Worker.Consumer stopped 46+0 Shutdown",
        "Worker.Pool stopping 46+0 Shutdown",
        "Worker.Pool stopped 46+0 Shutdown",
        "Worker.Hub stopping 46+0 Shutdown",
        "Worker.Hub stopped 48+2 Shutdown",
        "Consumer.Inner shuttingDown 48+0 Shutdown",
        "Consumer.Inner shutDown 51+3 Shutdown"
      ])
    }).pipe(Effect.provide(Layer.merge(observer, Control.layer)))
  })

  it.effect("is told why a step failed", () => {
    const causes: Array<unknown> = []
    const observer = Observer.layer((event) =>
      Effect.sync(() => {
        if (event.phase === "failed") causes.push(event.step, event.duration, event.cause && Cause.squash(event.cause))
      })
    )
    const Bad = Bootstep.make("Bad", { start: Effect.delay(Effect.fail("no"), "7 millis") })
    return Effect.gen(function*() {
      yield* runFor(Effect.exit(Blueprint.run(Blueprint.make("Worker", [Bad]), Effect.void)))
      assert.deepStrictEqual(causes, ["Bad", 7, "no"])
    }).pipe(Effect.provide(Layer.merge(observer, Control.layer)))
  })

  it.effect("harms nothing when it dies, and is not the only one", () => {
    let seen = 0
    const broken = Observer.layer(() => Effect.die("observer"))
    const counting = Observer.layer(() => Effect.sync(() => seen++))
    return Effect.gen(function*() {
      yield* Blueprint.run(Blueprint.make("Worker", [Off]), Effect.void)
      assert.strictEqual(seen, 1)
    }).pipe(Effect.provide(broken.pipe(Layer.provideMerge(counting), Layer.merge(Control.layer))))
  })
})

describe("BootTimeline", () => {
  it.effect("tells the boot graph in boot order with the time each step took", () =>
    Effect.gen(function*() {
      yield* runFor(Blueprint.run(worker, Effect.void))
      const entries = yield* (yield* BootTimeline.BootTimeline).entries
      assert.deepStrictEqual(entries[1], {
        blueprint: "Worker",
        step: "app.Pool",
        label: "Pool",
        startedAt: 10,
        took: 30
      })
      assert.strictEqual(
        BootTimeline.format(entries),
        `step              started at   took
Worker: Hub             0 ms  10 ms
Worker: Pool           10 ms  30 ms
Consumer: Inner        40 ms   5 ms
Worker: Consumer       40 ms   5 ms`
      )
    }).pipe(Effect.provide(Layer.merge(BootTimeline.layer, Control.layer))))
})

describe("StepSpans", () => {
  it.effect("opens a span for every start and stop", () => {
    const spans: Array<string> = []
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        const end = span.end.bind(span)
        span.end = (time, exit) => {
          spans.push(`${span.name} ${(time - options.startTime) / 1_000_000n} ms ${exit._tag}`)
          end(time, exit)
        }
        return span
      }
    })
    const Bad = Bootstep.make("Bad", { requires: [Pool], start: Effect.fail("no") })
    return Effect.gen(function*() {
      yield* runFor(Effect.exit(Blueprint.run(Blueprint.make("Worker", [Hub, Pool, Bad]), Effect.void)))
      assert.deepStrictEqual(spans, [
        "Worker.Hub start 10 ms Success",
        "Worker.app.Pool start 30 ms Success",
        "Worker.Bad start 0 ms Failure",
        "Worker.app.Pool stop 0 ms Success",
        "Worker.Hub stop 2 ms Success"
      ])
    }).pipe(Effect.provide(Layer.merge(StepSpans.layer, Control.layer)), Effect.withTracer(tracer))
  })
})
