import * as Client from "@celeriac/tasks/Client"
import * as Task from "@celeriac/tasks/Task"
import { type Blocked, LoopWatch } from "@celeriac/worker/pool/LoopWatch"
import * as TestWorker from "@celeriac/worker/testing/TestWorker"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Lines } from "../support.ts"

/** A loop whose time goes by when it is told to. */
class Loop {
  time = 0
  computed = 0
  readonly told: Array<Blocked> = []
  running: ReadonlyArray<{ readonly id: string; readonly task: string }> = []
  readonly watch = new LoopWatch({
    threshold: 1_000,
    now: () => this.time,
    computed: () => this.computed,
    running: () => this.running,
    tell: (blocked) => void this.told.push(blocked)
  })
  readonly spend = (millis: number): void => {
    this.time += millis
    this.computed += millis
  }
}

const turn = Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void)))

describe("LoopWatch", () => {
  it.effect("knows the handler that held up the loop when it was called", () =>
    Effect.gen(function*() {
      const { spend, told, watch } = new Loop()
      watch.call({ id: "1", task: "quick" })
      spend(10)
      watch.call({ id: "2", task: "slow" })
      spend(3_000)
      watch.call({ id: "3", task: "next" })
      yield* turn
      watch.tick()
      assert.deepStrictEqual(
        told.map(({ isCertain, millis, runs }) => [runs[0]?.id, millis, isCertain]),
        [["2", 3_000, true]]
      )
    }))

  it.effect("does not blame a task whose turn has ended", () =>
    Effect.gen(function*() {
      const loop = new Loop()
      loop.watch.call({ id: "1", task: "quick" })
      yield* turn
      loop.running = [{ id: "7", task: "waiting" }]
      loop.spend(2_000)
      loop.watch.tick()
      assert.deepStrictEqual(loop.told.map(({ isCertain, runs }) => [runs.map(({ id }) => id), isCertain]), [
        [["7"], false]
      ])
    }))

  it("tells nothing while the loop goes round", () => {
    const { spend, told, watch } = new Loop()
    for (let i = 0; i < 100; i++) {
      spend(100)
      watch.tick()
    }
    assert.deepStrictEqual(told, [])
  })

  it("tells how much of it was computing", () => {
    const loop = new Loop()
    loop.watch.tick()
    loop.watch.call({ id: "1", task: "reads" })
    loop.time += 5_000
    loop.computed += 200
    loop.watch.tick()
    assert.deepStrictEqual(loop.told.map(({ computed, millis }) => [computed, millis]), [[200, 5_000]])
  })
})

/** Computes for so long, however little time the machine gives. */
const spin = (millis: number): void => {
  const used = () => process.threadCpuUsage().user + process.threadCpuUsage().system
  const end = used() + millis * 1_000
  while (used() < end) {
    for (let i = 0; i < 1_000_000; i++);
  }
}

const run = Task.make("proj.run", { parameters: { how: Schema.String } })

/** Each way in which a handler may hold up the others. */
const handler = ({ how }: { readonly how: string }): Effect.Effect<void> => {
  switch (how) {
    case "when it is called":
      spin(150)
      return Effect.void
    case "in its effect":
      return Effect.sync(() => spin(150))
    case "after it has waited":
      return Effect.andThen(Effect.sleep("20 millis"), Effect.sync(() => spin(150)))
    case "in another fiber of its":
      return Effect.forkChild(Effect.sync(() => spin(150))).pipe(Effect.flatMap(Fiber.join))
    default:
      return Effect.promise(async () => {
        await new Promise((resolve) => setTimeout(resolve, 20))
        spin(150)
      })
  }
}

describe("a task that holds up the loop", () => {
  for (
    const [how, who] of [
      ["when it is called", "Task proj.run["],
      ["in its effect", "Task proj.run["],
      ["after it has waited", "Task proj.run["],
      ["in another fiber of its", "Task proj.run["],
      ["after an await", "robably task proj.run["]
    ] as const
  ) {
    it.live(`${how} is named in the log, with the pool that suits it`, () =>
      Effect.gen(function*() {
        const lines = new Lines()
        yield* Effect.gen(function*() {
          const client = yield* Client.Client
          yield* client.execute(run, { how })
        }).pipe(Effect.provide(
          TestWorker.layer({ tasks: [run.toLayer(handler)], settings: { blockedWarning: "100 millis" } }).pipe(
            Layer.provide(lines.layer)
          )
        ))
        const told = lines.of("Warn").filter((line) => line.includes(who))
        // A machine that stops for a moment holds up everything once more.
        assert.isAtLeast(told.length, 1, lines.of("Warn").join("\n"))
        assert.include(told[0], `[${lines.about.get(told[0] ?? "")}]`)
        assert.match(told[0] ?? "", /held up everything else in this process for \d+\.\d s .*pool: "processes"/)
      }))
  }
})
