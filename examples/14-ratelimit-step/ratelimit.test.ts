/**
 * The cluster in the process, on a clock that the test turns.
 *
 *     npx vitest run --config vitest.workspace.ts --project examples examples/14-ratelimit-step
 */
// #region test
import { assert, describe, it } from "@effect/vitest"
import * as Bootstep from "celeriac/Bootstep"
import * as Tasks from "celeriac/Tasks"
import { MemoryBroker, TestClock, TestWorker } from "celeriac/testing"
import * as Worker from "celeriac/Worker"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { RatelimitStep, render } from "./RatelimitStep.ts"

type Broker = MemoryBroker.MemoryBroker["Service"]

/** Starts a node of the cluster, and gives what there is to know of its rate limit. */
const start = Effect.fnUntraced(function*(name: string, broker: Broker) {
  let limit: () => unknown = () => undefined
  const Look = Bootstep.make("Look", {
    requires: [Tasks.Tasks],
    start: Effect.map(Tasks.Tasks, (tasks) => void (limit = () => tasks.rateLimitOf(render)))
  })
  const layer = TestWorker.layer({
    nodename: name,
    tasks: [render.toLayer(() => Effect.void)],
    steps: { consumer: [RatelimitStep, Look] }
  }, { broker })
  const built = yield* Layer.build(layer)
  return { worker: Context.get(built, Worker.Worker), limit: () => limit() }
})

describe("RatelimitStep", () => {
  it.effect("shares one task a second among those who are there", () =>
    Effect.gen(function*() {
      const broker = yield* MemoryBroker.make()
      const a = yield* start("a@test", broker)
      assert.strictEqual(a.limit(), 1)
      yield* TestClock.adjust("1 second")
      const b = yield* start("b@test", broker)
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual([a.limit(), b.limit()], [1 / 2, 1 / 2])
      yield* b.worker.shutdown
      yield* TestClock.adjust("1 second")
      assert.strictEqual(a.limit(), 1)
    }))

  it.effect("looks again ten seconds after a node was lost", () =>
    Effect.gen(function*() {
      const broker = yield* MemoryBroker.make()
      const a = yield* start("a@test", broker)
      yield* TestClock.adjust("1 second")
      yield* start("b@test", broker)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(a.limit(), 1 / 2)

      // No node hears another any more: nothing is published.
      broker.faults.blockPublishers("nobody is heard")
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(a.limit(), 1 / 2, "b is missed, and its share not yet given away")
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(a.limit(), 1)
      broker.faults.unblockPublishers()
    }))
})
// #endregion
