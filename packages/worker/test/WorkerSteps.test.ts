import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import * as Client from "@celeriac/tasks/Client"
import * as Task from "@celeriac/tasks/Task"
import * as TaskRegistry from "@celeriac/tasks/TaskRegistry"
import { Hub } from "@celeriac/worker/boot/Hub"
import { Pool } from "@celeriac/worker/boot/Pool"
import { Timer } from "@celeriac/worker/boot/Timer"
import { Connection } from "@celeriac/worker/consumer/Connection"
import * as TestWorker from "@celeriac/worker/testing/TestWorker"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"

const hits = Task.make("hits", { success: Schema.Int })

/** A bootstep that provides a cache, and a task whose handler uses it. */
const makeCached = () => {
  const log: Array<string> = []
  const write = (line: string) => Effect.sync(() => void log.push(line))
  class Cache extends Bootstep.Service<Cache, { readonly hits: number }>()("Cache", {
    requires: [Timer],
    start: Effect.acquireRelease(Effect.succeed({ hits: 7 }), () => write("cache released"))
  }) {}
  const HitsLive = hits.toLayer(() => Effect.map(Cache, (cache) => cache.hits))
  return { log, write, Cache, HitsLive, worker: Worker.make({ tasks: [HitsLive], steps: { worker: [Cache] } }) }
}

const ask = Effect.flatMap(Client.Client, (client) => client.execute(hits, {}))

describe("what a Worker step provides", () => {
  it.effect("may be used by a handler of the same worker", () =>
    Effect.gen(function*() {
      const { worker } = makeCached()
      assert.strictEqual(yield* Effect.provide(ask, TestWorker.of(worker)), 7)
    }))

  it.effect("is the one that the worker's other steps use", () =>
    Effect.gen(function*() {
      const { Cache, HitsLive } = makeCached()
      const Warm = Bootstep.make("Warm", {
        requires: [Cache, Connection],
        start: Effect.map(Cache, (cache) => Object.assign(cache, { hits: 8 }))
      })
      const worker = Worker.make({ tasks: [HitsLive], steps: { worker: [Cache], consumer: [Warm] } })
      assert.strictEqual(yield* Effect.provide(ask, TestWorker.of(worker)), 8)
    }))

  it.effect("is released after what the handlers' own layers acquired, and that after what runs has ended", () =>
    Effect.gen(function*() {
      const { Cache, log, write } = makeCached()
      class Session extends Context.Service<Session, { readonly hits: number }>()("test/Session") {}
      const SessionLive = Layer.effect(
        Session,
        Effect.acquireRelease(Effect.map(Cache, (cache) => cache), () => write("session released"))
      )
      const started = yield* Deferred.make<void>()
      const SlowLive = hits.toLayer(() =>
        Deferred.succeed(started, undefined).pipe(
          Effect.andThen(Session),
          Effect.andThen(Effect.never),
          Effect.onInterrupt(() => write("task interrupted"))
        )
      ).pipe(Layer.provide(SessionLive))
      const worker = Worker.make({ tasks: [SlowLive], steps: { worker: [Cache] } })
      yield* Effect.gen(function*() {
        yield* Effect.flatMap(Client.Client, (client) => client.delay(hits, {}))
        yield* Deferred.await(started)
      }).pipe(Effect.provide(TestWorker.of(worker)))
      assert.deepStrictEqual(log, ["task interrupted", "session released", "cache released"])
    }))
})

describe("a handler's own layer", () => {
  it.effect("fails the worker with its own error, and nothing is left running", () =>
    Effect.gen(function*() {
      const { Cache, HitsLive, log } = makeCached()
      class Refused extends Schema.TaggedError<Refused>()("Refused", {}) {}
      const Fails = Layer.effectDiscard(new Refused())
      const worker = Worker.make({ tasks: [Layer.provide(HitsLive, Fails)], steps: { worker: [Cache] } })
      const error = yield* Effect.flip(Effect.provide(ask, TestWorker.of(worker)))
      assert.instanceOf(error, Refused)
      assert.deepStrictEqual(log, ["cache released"])
    }))
})

describe("a worker's own step", () => {
  it.effect("works in an application that has no worker, and stops warm with its scope", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const scope = yield* Scope.make()
      const app = Pool.layer.pipe(
        Layer.provideMerge(Hub.layer),
        Layer.provideMerge(Timer.layer),
        Layer.provideMerge(TaskRegistry.layer)
      )
      const context = yield* Layer.buildWithScope(app, scope)
      yield* Effect.provideContext(
        Effect.gen(function*() {
          const { grow, slots } = yield* Pool
          const before = slots.concurrency()
          yield* grow(2)
          log.push(`grown by ${slots.concurrency() - before}`)
          yield* (yield* Timer).callAfter("1 minute", Effect.sync(() => log.push("called")))
          yield* (yield* Hub).onClose(Effect.sync(() => log.push("the hub closes")))
        }),
        context
      )
      yield* TestClock.adjust("1 minute")
      yield* Scope.close(scope, Exit.void)
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(log, ["grown by 2", "called", "the hub closes"])
    }))
})

describe("a worker made elsewhere", () => {
  it.effect("runs with another step in the place of one, and is itself as it was", () =>
    Effect.gen(function*() {
      const { Cache, worker } = makeCached()
      const fake = worker.replace(Bootstep.implement(Cache)("Cache", { start: Effect.succeed({ hits: 0 }) }))
      assert.strictEqual(yield* Effect.provide(ask, TestWorker.of(fake)), 0)
      assert.strictEqual(yield* Effect.provide(ask, TestWorker.of(worker)), 7)
    }))

  it.effect("runs with another Timer", () =>
    Effect.gen(function*() {
      const { worker } = makeCached()
      let entered = 0
      const Counting = Bootstep.fromLayer(
        "Timer",
        Timer,
        Layer.effect(
          Timer,
          Effect.map(Timer, (timer) =>
            Timer.of({
              ...timer,
              callAfter: (...call) => {
                entered++
                return timer.callAfter(...call)
              }
            }))
        ).pipe(Layer.provide(Timer.layer))
      )
      const Calls = Bootstep.make("Calls", {
        requires: [Timer],
        start: Effect.flatMap(Timer, (timer) => timer.callAfter("1 minute", Effect.sync(() => entered += 10)))
      })
      const counted = worker.replace(Counting).add({ worker: [Calls] })
      yield* Effect.provide(
        Effect.gen(function*() {
          assert.strictEqual(yield* ask, 7)
          yield* TestClock.adjust("1 minute")
          assert.strictEqual(entered, 11)
        }),
        TestWorker.of(counted)
      )
    }))

  it.effect("runs with a step of the Consumer blueprint replaced, and more steps in both", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const step = (name: string, line: string) =>
        Bootstep.make(name, { start: Effect.sync(() => void log.push(line)) })
      const { HitsLive, Cache } = makeCached()
      const exported = Worker.make({
        tasks: [HitsLive],
        steps: { worker: [Cache], consumer: [Bootstep.make("Loud", { start: Effect.die("not in a test") })] }
      })
      const quiet = exported
        .replace(step("Loud", "quiet"))
        .add({ worker: [step("First", "first")], consumer: [step("Second", "second")] })
      assert.strictEqual(yield* Effect.provide(ask, TestWorker.of(quiet)), 7)
      assert.deepStrictEqual(log, ["first", "quiet", "second"])
    }))

  it("keeps its settings, and is put together anew with others", () => {
    const { Cache, worker } = makeCached()
    const fake = Bootstep.implement(Cache)("Cache", { start: Effect.succeed({ hits: 0 }) })
    const changed = worker.with({ concurrency: 3 }).replace(fake).with({ nodename: "w@test" })
    assert.deepStrictEqual([changed.settings.concurrency, changed.settings.nodename], [3, "w@test"])
    assert.strictEqual(changed.blueprint.steps.find(({ stepName }) => stepName === "Cache"), fake)
  })
})

describe("steps that do not fit together", () => {
  const { worker } = makeCached()
  const step: Bootstep.Any = Bootstep.make("Cache", { start: Effect.void })
  const twice: ReadonlyArray<Bootstep.Any> = [Bootstep.make("Own", { start: Effect.void })]
  const caught = (wrong: () => unknown): Error => {
    try {
      wrong()
    } catch (error) {
      if (error instanceof Error) return error
    }
    throw new Error("was accepted")
  }

  it.for(
    [
      [
        "two of one name",
        () => Worker.make({ steps: { worker: [...twice, ...twice] } }),
        "two steps are named 'Own'. Rename one, or put it in the place of the other: Blueprint.replace(blueprint, step), " +
        "or worker.replace(step) for a worker"
      ],
      ["one too many", () => worker.add({ worker: [step] as never }), "two steps are named 'Cache'"],
      ["one that provides less", () => worker.replace(step as never), "what replaces 'Cache' must provide 'Cache'"],
      ["one of no name there is", () => worker.replace(twice[0] as never), "it has no step named 'Own' to replace"]
    ] as const
  )("are refused when the worker is defined, at the line that does: %s", ([, wrong, message]) => {
    const error = caught(wrong)
    assert.include(error.message, message)
    assert.include(error.stack?.split("\n").find((line) => line.startsWith("    at ")), "WorkerSteps.test.ts")
  })
})
