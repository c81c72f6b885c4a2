import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import * as StepOption from "@celeriac/bootsteps/StepOption"
import * as TestWorker from "@celeriac/worker/testing/TestWorker"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { expectTypeOf } from "vitest"

const DeadlockTimeout = StepOption.make("deadlockTimeout", Schema.Finite, {
  default: 3600,
  doc: "After how many seconds a task counts as stuck."
})
const Channel = StepOption.make("channel", Schema.FiniteFromString)

/** Steps of both blueprints, and what they read. */
const make = () => {
  const read: Array<unknown> = []
  const Deadlocks = Bootstep.make("Deadlocks", {
    requires: [DeadlockTimeout],
    start: Effect.gen(function*() {
      const timeout = yield* DeadlockTimeout
      expectTypeOf(timeout).toEqualTypeOf<number>()
      read.push(timeout)
    })
  })
  const Announcer = Bootstep.make("Announcer", {
    requires: [Channel, DeadlockTimeout],
    start: Effect.gen(function*() {
      read.push(yield* Channel, yield* DeadlockTimeout)
    })
  })
  return { read, Deadlocks, Announcer }
}

const boot = <E>(layer: Layer.Layer<TestWorker.TestWorker, E>) => Effect.provide(Effect.void, layer)

const caught = (wrong: () => unknown): Error => {
  try {
    wrong()
  } catch (error) {
    if (error instanceof Error) return error
  }
  throw new Error("was accepted")
}

describe("an option of a step", () => {
  it.effect("is read by its type, as it was given or by its default, in both blueprints", () =>
    Effect.gen(function*() {
      const { Announcer, Deadlocks, read } = make()
      const worker = Worker.make({
        steps: { worker: [Deadlocks], consumer: [Announcer] },
        options: { channel: "7" }
      })
      yield* boot(TestWorker.of(worker))
      yield* boot(TestWorker.of(worker.with({ options: { deadlockTimeout: 60 } })))
      yield* boot(TestWorker.layer({ steps: { worker: [Deadlocks] }, options: { deadlockTimeout: 1 } }))
      yield* boot(TestWorker.layer({ steps: { worker: [Deadlocks] } }))
      assert.deepStrictEqual(read, [3600, 7, 3600, 60, 7, 60, 1, 3600])
    }))

  it.effect("comes with a step that is added, or takes the place of another", () =>
    Effect.gen(function*() {
      const { Announcer, Deadlocks, read } = make()
      const worker = Worker.make({ steps: { worker: [Deadlocks] }, options: { deadlockTimeout: 5 } })
      yield* boot(TestWorker.of(worker.add({ consumer: [Announcer], options: { channel: "1" } })))
      const replaced = worker.replace(
        Bootstep.make("Deadlocks", { requires: [Channel], start: Effect.map(Channel, (n) => read.push(n)) }),
        { options: { channel: "2" } }
      )
      yield* boot(TestWorker.of(replaced))
      assert.deepStrictEqual(read, [5, 1, 5, 2])
    }))

  it("is a service like any other where there is no worker", () =>
    assert.deepStrictEqual(
      Effect.runSync(Effect.provideContext(DeadlockTimeout, Context.make(DeadlockTimeout, 9))),
      9
    ))

  it("without a default has to be given, or the worker does not compile", () => {
    const { Announcer } = make()
    const error = caught(() =>
      // @ts-expect-error Property 'options' is missing
      Worker.make({ steps: { consumer: [Announcer] } })
    )
    assert.strictEqual(error.message, "options of steps: channel is required by 'Announcer': give it")
    assert.throws(() =>
      // @ts-expect-error Property 'channel' is missing
      Worker.make({ steps: { consumer: [Announcer] }, options: { deadlockTimeout: 1 } })
    )
    assert.throws(() =>
      // @ts-expect-error Property 'options' is missing
      TestWorker.layer({ steps: { consumer: [Announcer] } })
    )
    const plain = Worker.make({ tasks: [] })
    assert.throws(() =>
      // @ts-expect-error Property 'options' is missing
      plain.add({ consumer: [Announcer] })
    )
    const { Deadlocks } = make()
    assert.throws(() =>
      // @ts-expect-error Expected 2 arguments, but got 1
      Worker.make({ steps: { worker: [Deadlocks] } }).replace(
        Bootstep.make("Deadlocks", { requires: [Channel], start: Effect.void })
      )
    )
  })

  it("need not be given again for a step that requires what another one does", () => {
    const { Announcer } = make()
    const worker = Worker.make({ steps: { consumer: [Announcer] }, options: { channel: "1" } })
    worker.add({ worker: [Bootstep.make("Other", { requires: [Channel], start: Effect.void })] })
  })

  it.for(
    [
      [
        "one that no step requires",
        // @ts-expect-error no such option
        () => Worker.make({ steps: { worker: [make().Deadlocks] }, options: { deadlokTimeout: 1 } }),
        "options of steps: deadlokTimeout is required by no step: did you mean deadlockTimeout?"
      ],
      [
        "one of the prototype's",
        () => Worker.make({ tasks: [], options: { constructor: 1 } as never }),
        "options of steps: constructor is required by no step"
      ],
      [
        "a value that does not fit",
        // @ts-expect-error a number is asked for
        () => Worker.make({ steps: { worker: [make().Deadlocks] }, options: { deadlockTimeout: "1" } }),
        "options of steps: deadlockTimeout does not fit 'Deadlocks': Expected number"
      ],
      [
        "all that is wrong at once",
        () => Worker.make({ tasks: [], steps: { consumer: [make().Announcer] }, options: { other: 1 } as never }),
        "options of steps: other is required by no step; channel is required by 'Announcer': give it"
      ],
      [
        "two options of one name",
        () =>
          Worker.make({
            steps: {
              worker: [
                make().Deadlocks,
                Bootstep.make("Other", {
                  requires: [StepOption.make("deadlockTimeout", Schema.String, { default: "" })],
                  start: Effect.void
                })
              ]
            }
          }),
        "options of steps: deadlockTimeout is declared twice, for 'Deadlocks' and for 'Other': rename one"
      ],
      [
        "a wrong one later on",
        () => Worker.make({ tasks: [] }).with({ options: { a: 1 } as never }),
        "options of steps: a is required by no step"
      ]
    ] as const
  )("is refused where the worker is made: %s", ([, wrong, message]) => {
    const error = caught(wrong)
    assert.include(error.message, message)
    assert.include(error.stack?.split("\n").find((line) => line.startsWith("    at ")), "StepOptions.test.ts")
  })

  it("is forgotten with the step that it was given for", () => {
    const { Deadlocks } = make()
    Worker.make({ steps: { worker: [Deadlocks] }, options: { deadlockTimeout: 5 } })
      .replace(Bootstep.make("Deadlocks", { start: Effect.void }))
      .with({ concurrency: 1 })
  })
})
