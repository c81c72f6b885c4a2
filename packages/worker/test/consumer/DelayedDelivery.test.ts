import * as Entity from "@celeriac/messaging/Entity"
import { MemoryBroker } from "@celeriac/messaging/transports/MemoryBroker"
import * as Client from "@celeriac/tasks/Client"
import * as TaskQueues from "@celeriac/tasks/Queues"
import * as Task from "@celeriac/tasks/Task"
import { Worker } from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { TestClock } from "effect/testing"
import { counts, define, Lines, running, settled } from "../support.ts"

const plain = Task.make("plain")
const ran: Array<string> = []
const live = plain.toLayer((_, request) => Effect.sync(() => void ran.push(request.id)))

const queueOn = (type: "topic" | "direct") =>
  Entity.queue("celery", { type: "quorum", exchange: Entity.exchange("tasks", { type }), routingKey: "tasks.celery" })

const configured = (
  queues: ReadonlyArray<Entity.Queue>,
  lines = new Lines(),
  without: ReadonlyArray<"delayedDelivery"> = []
) =>
  running(define({ tasks: [live], concurrency: 1, without })).pipe(
    Layer.provide(Layer.succeed(TaskQueues.Configured, queues)),
    Layer.provideMerge(lines.layer)
  )

const later = (taskId: string, countdown: number) =>
  Effect.flatMap(Client.Client, (client) => client.applyAsync(plain, {}, { countdown, taskId }))

const held = Effect.map(Worker, ({ state }) => state.requests.size)

describe("delayed delivery", () => {
  it.effect("keeps a task in the broker until it is due, and the worker holds what is left of the last second", () =>
    Effect.gen(function*() {
      yield* later("natively", 5_700)
      yield* settled
      assert.deepStrictEqual([yield* held, yield* counts()], [0, [0, 0]])
      yield* TestClock.adjust("4999 millis")
      yield* settled
      assert.deepStrictEqual([yield* held, yield* counts()], [0, [0, 0]])
      yield* TestClock.adjust("1 millis")
      yield* settled
      assert.deepStrictEqual([yield* held, yield* counts()], [1, [0, 1]])
      assert.notInclude(ran, "natively")
      yield* TestClock.adjust("700 millis")
      yield* settled
      assert.include(ran, "natively")
      assert.deepStrictEqual(yield* counts(), [0, 0])
    }).pipe(Effect.provide(configured([queueOn("topic")]))))

  it.effect("is not worth it for less than a second", () =>
    Effect.gen(function*() {
      yield* later("soon", 900)
      yield* settled
      assert.strictEqual(yield* held, 1)
      yield* TestClock.adjust("900 millis")
      yield* settled
      assert.include(ran, "soon")
    }).pipe(Effect.provide(configured([queueOn("topic")]))))

  it.effect("does not go by a direct exchange: the worker holds the task, and both sides say so", () => {
    const lines = new Lines()
    return Effect.gen(function*() {
      yield* later("held", 5_000)
      yield* later("held too", 5_000)
      yield* settled
      assert.strictEqual(yield* held, 2)
      const warned = lines.all.filter(({ level }) => level === "Warn").map(({ text }) => text)
      assert.deepStrictEqual(warned.map((text) => text.slice(0, 40)), [
        "Exchange tasks is a direct exchange and ",
        "Direct exchanges are not supported with "
      ])
    }).pipe(Effect.provide(configured([queueOn("direct")], lines)))
  })

  it.effect("falls back to a worker that holds it where no worker has declared the queues of the delay", () =>
    Effect.gen(function*() {
      const { faults } = yield* MemoryBroker
      assert.isDefined(faults)
      const client = yield* Client.Client
      const sent = yield* client.applyAsync(plain, {}, { countdown: 5_000, taskId: "nobody" })
      assert.strictEqual(sent.id, "nobody")
      yield* settled
      assert.strictEqual(yield* held, 1)
    }).pipe(
      // The client knows of a quorum queue that the worker does not know of.
      Effect.provide(
        Client.layer.pipe(
          Layer.provide(Layer.succeed(TaskQueues.Configured, [queueOn("topic")])),
          Layer.provideMerge(
            configured([
              Entity.queue("celery", {
                exchange: Entity.exchange("tasks", { type: "topic" }),
                routingKey: "tasks.celery",
                arguments: { "x-queue-type": "classic" }
              })
            ])
          )
        )
      )
    ))

  it.effect("can be left out: nothing is declared for it, and the worker holds the task", () =>
    Effect.gen(function*() {
      const broker = yield* MemoryBroker
      assert.isFalse(broker.exchanges().some(({ name }) => name.startsWith("celery_delayed")))
      yield* later("without", 5_000)
      yield* settled
      assert.strictEqual(yield* held, 1)
      yield* TestClock.adjust("5 seconds")
      yield* settled
      assert.include(ran, "without")
    }).pipe(Effect.provide(configured([queueOn("topic")], new Lines(), ["delayedDelivery"]))))

  it.effect("is left alone where no queue is a quorum queue", () =>
    Effect.gen(function*() {
      const broker = yield* MemoryBroker
      assert.isFalse(broker.exchanges().some(({ name }) => name.startsWith("celery_delayed")))
      yield* later("classic", 5_000)
      yield* settled
      assert.strictEqual(yield* held, 1)
    }).pipe(Effect.provide(configured([Entity.queue("celery")]))))
})
