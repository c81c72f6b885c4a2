import * as Producer from "@celeriac/messaging/Producer"
import * as MemoryBroker from "@celeriac/messaging/transports/MemoryBroker"
import * as MemoryTransport from "@celeriac/messaging/transports/MemoryTransport"
import * as Client from "@celeriac/tasks/Client"
import * as DisabledBackend from "@celeriac/tasks/result/backends/DisabledBackend"
import * as Task from "@celeriac/tasks/Task"
import { TaskContext } from "@celeriac/tasks/TaskContext"
import * as TestWorker from "@celeriac/worker/testing/TestWorker"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import * as BeatSchedule from "../src/BeatSchedule.ts"
import * as BeatStep from "../src/BeatStep.ts"
import * as Leadership from "../src/Leadership.ts"
import * as Schedule from "../src/Schedule.ts"
import * as ScheduleEntry from "../src/ScheduleEntry.ts"
import * as Scheduler from "../src/Scheduler.ts"
import * as MemoryStore from "../src/stores/MemoryStore.ts"

const report = Task.make("proj.report", { parameters: { of: Schema.String } })

/** One that leads, keeps its schedule in memory, and sends to this broker. */
const schedulerOf = (
  entries: ReadonlyArray<ScheduleEntry.ScheduleEntry>,
  broker: MemoryBroker.MemoryBroker["Service"]
) => {
  const sender = Client.layer.pipe(
    Layer.provide(DisabledBackend.layer),
    Layer.provide(Producer.layer()),
    Layer.provide(MemoryTransport.layer({ broker }))
  )
  return BeatStep.layer.pipe(
    Layer.provide(Scheduler.layer()),
    Layer.provide([sender, BeatSchedule.layer(entries), MemoryStore.layer, Leadership.layerSingle])
  )
}

describe("a worker with a scheduler in it", () => {
  it.effect("runs what is due, each slot with the header and the id of beat's", () =>
    Effect.gen(function*() {
      const broker = yield* MemoryBroker.make()
      const seen: Array<readonly [string, string, unknown]> = []
      const worker = Worker.make({
        tasks: [report.toLayer(({ of }) =>
          Effect.map(
            TaskContext,
            (request) => void seen.push([of, request.id, request.headers["celery_beat_task"]])
          )
        )],
        settings: { beat: true }
      })
      const entry = ScheduleEntry.make("report", {
        signature: report.s({ of: "sales" }),
        schedule: Schedule.schedule("10 seconds")
      })
      yield* TestClock.adjust("35 seconds").pipe(
        Effect.provide(TestWorker.of(worker, { broker }).pipe(Layer.provide(schedulerOf([entry], broker))))
      )
      assert.deepStrictEqual(
        seen,
        [10_000, 20_000, 30_000].map((slot) =>
          ["sales", ScheduleEntry.slotId("celerybeat", entry, slot), true] as const
        )
      )
    }))

  it.effect("says of a task that nobody knows what Celery's says, and runs the others", () =>
    Effect.gen(function*() {
      const broker = yield* MemoryBroker.make()
      const lines: Array<string> = []
      let reports = 0
      const worker = Worker.make({
        tasks: [report.toLayer(() => Effect.sync(() => void reports++))],
        settings: { beat: true }
      })
      const { entries } = BeatSchedule.decode({
        nobody: { task: "nobody.knows", schedule: 10 },
        report: { task: "proj.report", schedule: 10, args: ["sales"] }
      })
      yield* TestClock.adjust("35 seconds").pipe(
        Effect.provide(TestWorker.of(worker, { broker }).pipe(Layer.provide(schedulerOf(entries, broker)))),
        Effect.provide(Logger.layer([Logger.make(({ message }) => void lines.push(String(message)))]))
      )
      assert.strictEqual(reports, 3)
      const told = lines.filter((line) => line.startsWith("Received unregistered task of type 'nobody.knows'"))
      assert.strictEqual(told.length, 3)
    }))
})
