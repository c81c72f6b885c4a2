/**
 * One message's way from the client to its result, each stage once and in the
 * order in which it happens: read this first.
 */
import { MemoryBroker } from "@celeriac/messaging/transports/MemoryBroker"
import * as Client from "@celeriac/tasks/Client"
import * as Task from "@celeriac/tasks/Task"
import * as TestWorker from "@celeriac/worker/testing/TestWorker"
import { Worker } from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import { counts, Lines, until } from "./support.ts"

const add = Task.make("proj.add", {
  parameters: { x: Schema.Int, y: Schema.Int },
  success: Schema.Int
})

describe("the way of a message", () => {
  const lines = new Lines()
  const begun = Deferred.makeUnsafe<void>()
  const mayEnd = Deferred.makeUnsafe<void>()

  const AddLive = add.toLayer(
    Effect.fnUntraced(function*({ x, y }, request) {
      assert.strictEqual(request.hostname, "celery@test")
      yield* Deferred.succeed(begun, undefined)
      yield* Deferred.await(mayEnd)
      return x + y
    }),
    { acksLate: true }
  )

  it.effect("goes from the client through the worker and back as a result", () =>
    Effect.gen(function*() {
      const broker = yield* MemoryBroker
      const client = yield* Client.Client
      const { state } = yield* Worker

      // The worker consumes its queue.
      assert.strictEqual(broker.queue("celery")?.consumers.length, 1)
      assert.deepStrictEqual(yield* counts(), [0, 0])

      // The client sends; the broker keeps the message for the worker that has it.
      const sent = yield* client.delay(add, { x: 2, y: 3 })
      assert.deepStrictEqual(yield* counts(), [0, 1])

      // The receiver understood it, the strategy said "run", the pool had a slot, the handler began.
      yield* Deferred.await(begun)
      assert.deepStrictEqual(Array.from(state.active, ({ id }) => id), [sent.id])
      assert.strictEqual(state.totalCount.get("proj.add"), 1)
      const waiting = yield* Effect.forkChild(sent.get())
      yield* TestClock.adjust("1500 millis")
      assert.strictEqual(waiting.pollUnsafe(), undefined)

      // The handler ends: its result is stored, and only then is the message acknowledged.
      yield* Deferred.succeed(mayEnd, undefined)
      assert.strictEqual(yield* Fiber.join(waiting), 5)
      yield* until("the message is acknowledged", () => broker.queue("celery")?.unacked === 0)
      assert.deepStrictEqual([state.active.size, state.requests.size, state.succeeded], [0, 0, 1])

      // What a reader of the log sees of it.
      assert.deepStrictEqual(
        lines.all.filter(({ text }) => text.includes(sent.id)).map(({ level, text }) => ({ level, text })),
        [
          { level: "Info", text: `Task proj.add[${sent.id}] received` },
          { level: "Debug", text: `Task accepted: proj.add[${sent.id}]` },
          { level: "Info", text: `Task proj.add[${sent.id}] succeeded in 1.5s: 5` }
        ]
      )
    }).pipe(Effect.provide(TestWorker.layer({ tasks: [AddLive] })), Effect.provide(lines.layer)))
})
