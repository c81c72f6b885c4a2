import * as Producer from "@celeriac/messaging/Producer"
import * as MemoryBroker from "@celeriac/messaging/transports/MemoryBroker"
import * as MemoryTransport from "@celeriac/messaging/transports/MemoryTransport"
import * as Canvas from "@celeriac/tasks/Canvas"
import * as Client from "@celeriac/tasks/Client"
import * as MemoryBackend from "@celeriac/tasks/result/backends/MemoryBackend"
import * as Task from "@celeriac/tasks/Task"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import * as BeatSchedule from "../src/BeatSchedule.ts"
import * as Leadership from "../src/Leadership.ts"
import * as Schedule from "../src/Schedule.ts"
import * as ScheduleEntry from "../src/ScheduleEntry.ts"
import * as Scheduler from "../src/Scheduler.ts"
import { ScheduleStore } from "../src/ScheduleStore.ts"
import * as MemoryStore from "../src/stores/MemoryStore.ts"

const fetchPage = Task.make("proj.fetch", { parameters: { url: Schema.String }, success: Schema.String })
const count = Task.make("proj.count", { parameters: { text: Schema.String }, success: Schema.Number })
const sum = Task.make("proj.sum", { parameters: { all: Schema.Array(Schema.Number) }, success: Schema.Number })

const schedule = Schedule.schedule("10 seconds")
const canvas = Canvas.chord([
  Canvas.chain(fetchPage.s({ url: "a" }), count.s()),
  Canvas.chain(fetchPage.s({ url: "bb" }), count.s())
], sum.s())
const entry = ScheduleEntry.make("pages", { signature: canvas, schedule, options: { queue: "pages" } })

describe("a canvas that is sent periodically", () => {
  it("lacks nothing", () => {
    // @ts-expect-error: the first of the chain lacks its URL
    ScheduleEntry.make("a", { signature: Canvas.chain(fetchPage.s(), count.s()), schedule })
    // @ts-expect-error: a text is no list of numbers
    ScheduleEntry.make("b", { signature: Canvas.chain(fetchPage.s({ url: "a" }), sum.s()), schedule })
  })

  it("is written and read as Celery has it", () => {
    const json = Result.getOrThrow(BeatSchedule.encodeEntry(entry))
    assert.strictEqual((json.signature as { readonly task: string }).task, "celery.chord")
    const back = Result.getOrThrow(BeatSchedule.decodeEntry("pages", JSON.parse(JSON.stringify(json))))
    assert.deepStrictEqual(Result.getOrThrow(BeatSchedule.encodeEntry(back)), json)
    const settings = BeatSchedule.decode({ pages: { signature: canvas, schedule: 10 } })
    assert.deepStrictEqual(settings.errors, [])
    assert.strictEqual(settings.entries[0]!.signature.task, "celery.chord")
  })

  it.effect("is one canvas, with one id for each of its tasks, also when a slot is sent twice", () =>
    Effect.gen(function*() {
      const broker = yield* MemoryBroker.make()
      const runs: Array<string> = []
      const worker = Worker.make({
        nodename: "pages@here",
        tasks: [
          fetchPage.toLayer(({ url }) => Effect.sync(() => (runs.push(`fetch ${url}`), url))),
          count.toLayer(({ text }) => Effect.sync(() => (runs.push(`count ${text}`), text.length))),
          sum.toLayer(({ all }) => Effect.sync(() => (runs.push(`sum ${all.join("+")}`), all[0]! + all[1]!)))
        ],
        settings: { queues: ["pages", "celery"] }
      })
      const here = worker.layer.pipe(
        Layer.provideMerge(Client.layer),
        Layer.provideMerge(MemoryBackend.layer),
        Layer.provideMerge(Producer.layer()),
        Layer.provideMerge(MemoryTransport.layer({ broker }))
      )
      /** One that knows nothing of what others have sent. */
      const sendFirstSlot = Effect.gen(function*() {
        const store = yield* MemoryStore.make
        yield* store.advance([["pages", { last: 0, count: 0 }]])
        const beat = Scheduler.layer().pipe(
          Layer.provide([
            BeatSchedule.layer([entry]),
            Layer.succeed(ScheduleStore, store),
            Leadership.layerSingle
          ])
        )
        yield* Effect.gen(function*() {
          const running = yield* Effect.forkChild((yield* Scheduler.Scheduler).run, { startImmediately: true })
          yield* TestClock.adjust("1 second")
          yield* Fiber.interrupt(running)
        }).pipe(Effect.provide(beat))
      })
      yield* TestClock.setTime(10_000)
      yield* Effect.gen(function*() {
        yield* sendFirstSlot
        yield* TestClock.adjust("1 second")
        yield* sendFirstSlot
        yield* TestClock.adjust("5 seconds")
      }).pipe(Effect.provide(here))
      assert.deepStrictEqual(runs.sort(), ["count a", "count bb", "fetch a", "fetch bb", "sum 1+2"])
    }).pipe(Effect.provide(Logger.layer([]))))
})
