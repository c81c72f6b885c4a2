/** Tasks of Python's in a schedule of ours. */
import * as AmqpTransport from "@celeriac/amqp/AmqpTransport"
import * as Producer from "@celeriac/messaging/Producer"
import * as Client from "@celeriac/tasks/Client"
import * as DisabledBackend from "@celeriac/tasks/result/backends/DisabledBackend"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { randomUUID } from "node:crypto"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { until } from "../../../../test/peers/Process.ts"
import { CeleryWorker } from "../../../../test/peers/Python.ts"
import * as BeatSchedule from "../../src/BeatSchedule.ts"
import * as Leadership from "../../src/Leadership.ts"
import * as ScheduleEntry from "../../src/ScheduleEntry.ts"
import * as Scheduler from "../../src/Scheduler.ts"
import { ScheduleStore } from "../../src/ScheduleStore.ts"
import * as MemoryStore from "../../src/stores/MemoryStore.ts"

const url = brokerUrl()

describe("a worker of Python's", () => {
  it.live("runs what beat_schedule says, each slot as the task whose id is the slot's", () =>
    Effect.gen(function*() {
      const folder = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "beat-python-"))),
        (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
      )
      const [queue, file] = [`beat-${randomUUID()}`, join(folder, "seen")]
      yield* Effect.acquireRelease(
        Effect.promise(() =>
          CeleryWorker.start({
            module: join(import.meta.dirname, "periodic.py"),
            args: ["-P", "solo", "--without-gossip", "--without-mingle"],
            env: { BROKER: url, QUEUE: queue, SEEN: file }
          })
        ),
        (worker) => Effect.promise(() => worker.peer.stop("SIGKILL"))
      )
      const { entries, errors } = BeatSchedule.decode({
        tick: {
          task: "periodic.tick",
          schedule: 0.5,
          args: [1, "ä"],
          kwargs: { x: { y: null } },
          options: { queue, expires: 60 },
          // However long this process stands still.
          missed: { all: 1000 }
        }
      })
      assert.deepStrictEqual(errors, [])
      const store = Layer.succeed(ScheduleStore, yield* MemoryStore.make)
      const sender = Client.layer.pipe(
        Layer.provide(DisabledBackend.layer),
        Layer.provide(Producer.layer()),
        Layer.provide(AmqpTransport.layer({ url }))
      )
      const beat = Scheduler.layer().pipe(
        Layer.provide([sender, BeatSchedule.layer(entries), store, Leadership.layerSingle])
      )
      const seen = () => existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : []
      yield* Effect.gen(function*() {
        const running = yield* Effect.forkChild((yield* Scheduler.Scheduler).run)
        yield* Effect.promise(() => until("three tasks", () => seen().length >= 3))
        yield* Fiber.interrupt(running)
      }).pipe(Effect.provide(beat))
      const { count, last } = (yield* Effect.flatMap(ScheduleStore, ({ read }) => read).pipe(Effect.provide(store)))
        .progress.get("tick")!
      yield* Effect.promise(() => until("all tasks", () => seen().length >= count))
      const lines = seen().map((line) => JSON.parse(line))
      assert.deepStrictEqual(
        lines.map(([id]) => id),
        Array.from(
          { length: count },
          (_, index) => ScheduleEntry.slotId("celerybeat", entries[0]!, last - (count - 1 - index) * 500)
        )
      )
      for (const [, args, kwargs, isBeat, expires] of lines) {
        assert.deepStrictEqual([args, kwargs, isBeat], [[1, "ä"], { x: { y: null } }, true])
        assert.isString(expires)
      }
    }).pipe(Effect.scoped, Effect.provide(Logger.layer([]))), 120_000)
})
