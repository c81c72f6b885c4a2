/**
 * What it costs to boot, to stop and to build anew, without a broker: each
 * figure beside the same work without bootsteps.
 *
 * `node bootsteps.ts <scenario>` prints one line of JSON: medians, in
 * milliseconds. `steps`: five steps that do nothing, one requiring the other,
 * against five plain layers. `worker`: a whole worker with a client, in memory.
 * `restart`: a nested blueprint of three steps that is lost and up again,
 * against the hooks of its steps called by hand.
 */
import * as Blueprint from "@celeriac/bootsteps/Blueprint"
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import { Control } from "@celeriac/bootsteps/Control"
import * as Task from "@celeriac/tasks/Task"
import * as TestWorker from "@celeriac/worker/testing/TestWorker"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as References from "effect/References"
import * as Schedule from "effect/Schedule"

const median = (values: ReadonlyArray<number>) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN

/** The median of so many runs, after as many that do not count. */
const timed = Effect.fnUntraced(function*<E>(times: number, run: Effect.Effect<unknown, E>) {
  const took: Array<number> = []
  for (let time = 0; time < 2 * times; time++) {
    const began = performance.now()
    yield* run
    took.push(performance.now() - began)
  }
  return median(took.slice(times))
})

class A extends Bootstep.Service<A, number>()("A", { start: Effect.succeed(1) }) {}
class B extends Bootstep.Service<B, number>()("B", { requires: [A], start: A }) {}
class C extends Bootstep.Service<C, number>()("C", { requires: [B], start: B }) {}
class D extends Bootstep.Service<D, number>()("D", { requires: [C], start: C }) {}
class E extends Bootstep.Service<E, number>()("E", { requires: [D], start: D }) {}

const steps = Effect.gen(function*() {
  const blueprint = Blueprint.make("Empty", [A, B, C, D, E])
  const plain = (key: string) => Context.Service<number>(key)
  const layers = ["a", "b", "c", "d", "e"].map((key) => Layer.effect(plain(key), Effect.succeed(1)))
  const composed = layers.reduce((around, layer) => Layer.provideMerge(layer, around))
  return {
    ours: yield* timed(2_000, Effect.provide(Blueprint.run(blueprint, Effect.void), Control.layer)),
    baseline: yield* timed(2_000, Effect.scoped(Effect.provide(Effect.void, Layer.fresh(composed))))
  }
})

const worker = Effect.gen(function*() {
  const noop = Task.make("bench.noop")
  const layer = Layer.fresh(TestWorker.layer({ tasks: [noop.toLayer(() => Effect.void)] }))
  return { ours: yield* timed(300, Effect.provide(Effect.void, layer)) }
})

const restart = Effect.gen(function*() {
  const count = 1_000
  const took: Array<number> = []
  let times = 0
  let began = 0
  const hook = Effect.sync(() => {})
  const done = yield* Deferred.make<void>()
  const step = (name: string) => Bootstep.make(name, { start: hook, stop: () => hook })
  const consumer = Blueprint.make("Consumer", [step("Connection"), step("Tasks"), step("Loop")])
  const nested = Blueprint.step("Consumer", {
    blueprint: consumer,
    until: Effect.suspend(() => {
      const now = performance.now()
      if (times++ > 0) took.push(now - began)
      if (times > 2 * count) return Effect.andThen(Deferred.succeed(done, undefined), Effect.never)
      began = performance.now()
      return Effect.fail("lost")
    }),
    restart: Schedule.spaced(0),
    onRestart: () => Effect.void
  })
  yield* Effect.provide(Blueprint.run(Blueprint.make("Worker", [nested]), Deferred.await(done)), Control.layer)
  // Its own work: three hooks that stop, the pause (a turn of the event loop), three that start.
  const own = Effect.gen(function*() {
    for (let hooks = 0; hooks < 3; hooks++) yield* hook
    yield* Effect.sleep(0)
    for (let hooks = 0; hooks < 3; hooks++) yield* hook
  })
  return { ours: median(took.slice(count)), baseline: yield* timed(count, own) }
})

const scenarios: Readonly<Record<string, Effect.Effect<object, unknown>>> = { steps, worker, restart }
const scenario = scenarios[process.argv[2] ?? ""]
if (scenario === undefined) throw new Error(`one of ${Object.keys(scenarios).join(", ")}`)
const figures = await Effect.runPromise(Effect.provideService(scenario, References.MinimumLogLevel, "Error"))
console.log(JSON.stringify(figures))
process.exit(0)
