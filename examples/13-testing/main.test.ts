/**
 * Testing tasks: a worker, a client and a broker in the process, on a clock
 * that the test turns, and faults when the test wants them.
 *
 *     npx vitest run --config vitest.workspace.ts --project examples examples/13-testing
 */
// #region testing
import { assert, describe, it } from "@effect/vitest"
import * as Client from "celeriac/Client"
import * as Task from "celeriac/Task"
import { MemoryBroker, TestClock, TestWorker } from "celeriac/testing"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"

const remind = Task.make("shop.remind", { parameters: { who: Schema.String }, success: Schema.String })
const RemindLive = remind.toLayer(({ who }) => Effect.as(Effect.sleep("10 seconds"), `reminded ${who}`))

/** A worker of its own for each test. */
const worker = TestWorker.layer({ tasks: [RemindLive] })

describe("a reminder", () => {
  it.effect("comes tomorrow", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const sent = yield* client.applyAsync(remind, { who: "Ada" }, { countdown: "1 day" })
      yield* TestClock.adjust("1 day")
      assert.isFalse(yield* sent.ready)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* sent.get(), "reminded Ada")
    }).pipe(Effect.provide(worker)))

  it.effect("comes though the connection is lost while it is made", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const broker = yield* MemoryBroker.MemoryBroker
      const sent = yield* client.delay(remind, { who: "Ada" })
      const answer = yield* Effect.forkChild(sent.get())
      yield* TestClock.adjust("5 seconds")

      broker.faults.dropConnections("somebody pulled the plug")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* Fiber.join(answer), "reminded Ada")
      assert.deepInclude(broker.queue("celery"), { ready: 0, unacked: 0 })
    }).pipe(Effect.provide(worker)))
})
// #endregion

describe("a reminder that cannot be sent", () => {
  it.effect("says that the broker refused it", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const broker = yield* MemoryBroker.MemoryBroker
      broker.faults.nackPublishes(1)
      const error = yield* Effect.flip(client.applyAsync(remind, { who: "Ada" }, { retry: false }))
      assert.strictEqual(error.reason._tag, "Nacked")
    }).pipe(Effect.provide(worker)))
})
