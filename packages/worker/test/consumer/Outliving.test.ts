/** What a worker was told, and what it knows, outlives its connection; what hung on the connection is made anew. */
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import { LogicalClock } from "@celeriac/messaging/LogicalClock"
import { MemoryBroker } from "@celeriac/messaging/transports/MemoryBroker"
import * as MemoryTransport from "@celeriac/messaging/transports/MemoryTransport"
import * as Client from "@celeriac/tasks/Client"
import { EventDispatcher } from "@celeriac/tasks/event/EventDispatcher"
import * as Task from "@celeriac/tasks/Task"
import { Autoscaler } from "@celeriac/worker/boot/Autoscaler"
import { Execution } from "@celeriac/worker/boot/Execution"
import { Pool } from "@celeriac/worker/boot/Pool"
import { Gossip } from "@celeriac/worker/consumer/Gossip"
import { Tasks } from "@celeriac/worker/consumer/Tasks"
import type * as RateLimit from "@celeriac/worker/execution/RateLimit"
import { WorkerState } from "@celeriac/worker/state/WorkerState"
import * as TestWorker from "@celeriac/worker/testing/TestWorker"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { TestClock } from "effect/testing"
import { Ear, listening } from "../events.ts"
import { quiet, settled } from "../support.ts"

const plain = Task.make("plain")
const limited = Task.make("limited")

type OfWorker = Pool | Autoscaler | Execution | LogicalClock | EventDispatcher | WorkerState
type OfConsumer = Tasks | Gossip

/** What steps of either blueprint are given: by each life of the consumer anew. */
const reach = () => {
  let worker: Context.Context<OfWorker>
  let consumer: Context.Context<OfConsumer>
  const lives: Array<Context.Context<OfConsumer>> = []
  const joined: Array<string> = []
  const steps = {
    worker: [Bootstep.make("Outer", {
      requires: [Pool, Autoscaler, Execution, LogicalClock, EventDispatcher, WorkerState],
      start: Effect.contextWith((context: Context.Context<OfWorker>) => Effect.sync(() => void (worker = context)))
    })],
    consumer: [Bootstep.make("Inner", {
      requires: [Tasks, Gossip],
      start: Effect.gen(function*() {
        consumer = yield* Effect.context<OfConsumer>()
        lives.push(consumer)
        yield* (yield* Gossip).onNodeJoin(({ hostname }) => Effect.sync(() => void joined.push(hostname)))
      })
    })]
  }
  return {
    steps,
    joined,
    lives,
    get: <I extends OfWorker, S>(tag: Context.Key<I, S>) => Context.get(worker, tag),
    now: <I extends OfConsumer, S>(tag: Context.Key<I, S>) => Context.get(consumer, tag)
  }
}

const turned = Effect.fnUntraced(function*(by: "100 millis" | "6 seconds") {
  yield* settled
  yield* TestClock.adjust(by)
  yield* settled
})

describe("a worker that is connected again", () => {
  it.effect("is as it was told to be, and knows what it knew", () =>
    Effect.gen(function*() {
      const broker = yield* MemoryBroker
      const { get, joined, lives, now, steps } = reach()
      const ran: Array<string> = []
      const handler = (_: unknown, { id }: { readonly id: string }) => Effect.sync(() => void ran.push(id))
      const context = yield* Layer.build(TestWorker.layer({
        tasks: [plain.toLayer(handler), limited.toLayer(handler)],
        settings: { autoscale: { max: 6, min: 2 } },
        steps
      }, { broker }))
      const client = Context.get(context, Client.Client)
      const ear = yield* Ear
      const other = (name: string) =>
        Layer.build(Layer.fresh(TestWorker.layer({ nodename: name, steps: { worker: [] } }, { broker })))
      yield* other("first@test")
      yield* turned("100 millis")

      // Told.
      const tasks = now(Tasks)
      const bucket: RateLimit.Bucket = { canConsume: () => false, expectedTime: () => 3600 }
      yield* get(EventDispatcher).enable("task")
      yield* get(EventDispatcher).enable("shop")
      yield* tasks.setRateLimit("limited", "6/m")
      tasks.taskBuckets.set("third", bucket)
      tasks.strategies.set("other", () => ({ _tag: "Run" }))
      yield* tasks.addTaskQueue("extra")
      yield* turned("100 millis")
      yield* tasks.cancelTaskQueue("celery")
      yield* get(Execution).revoke("never")
      yield* get(Autoscaler).update(5, 3)
      yield* turned("100 millis")
      const held = yield* client.applyAsync(plain, {}, { queue: "extra", countdown: "9 seconds" })
      yield* client.applyAsync(limited, {}, { queue: "extra", taskId: "token" })
      yield* client.applyAsync(limited, {}, { queue: "extra", taskId: "waits" })
      yield* turned("100 millis")
      assert.deepStrictEqual(ran, ["token"])
      const size = yield* get(Pool).concurrency
      const clock = get(LogicalClock).value()
      const heard = ear.types().length

      // Lost: all that this node has, and what is told meanwhile is kept.
      broker.faults.dropConnections("the plug was pulled", ({ name }) => name !== "ear" && !name?.startsWith("first"))
      get(EventDispatcher).send("shop-closed", { why: "no connection" })
      yield* turned("6 seconds")

      assert.strictEqual(lives.length, 2, "the consumer lives anew")
      assert.notStrictEqual(now(Tasks), tasks)
      assert.deepStrictEqual(Array.from(get(EventDispatcher).groups).toSorted(), ["shop", "task", "worker"])
      assert.include(ear.types().slice(heard), "shop-closed")
      assert.strictEqual(now(Tasks).rateLimitOf(limited), "6/m")
      assert.strictEqual(now(Tasks).taskBuckets.get("third"), bucket)
      assert.strictEqual(now(Tasks).strategies.get("other")(undefined as never, undefined as never, 0)._tag, "Run")
      assert.deepStrictEqual(
        ["celery", "extra"].map((queue) => now(Tasks).consumingFrom(queue)),
        [false, true]
      )
      assert.isTrue(get(WorkerState).revoked.has("never"))
      assert.deepStrictEqual(get(Autoscaler).bounds(), { max: 5, min: 3 })
      assert.strictEqual(yield* get(Pool).concurrency, size)
      assert.isAbove(get(LogicalClock).value(), clock)

      // Its handlers are registered again, once, and who is known is not met again.
      assert.deepStrictEqual(now(Gossip).state.aliveWorkers(6).map(({ hostname }) => hostname), ["first@test"])
      joined.length = 0
      yield* other("second@test")
      yield* turned("100 millis")
      assert.deepStrictEqual(joined.filter((name) => name === "second@test"), ["second@test"])

      // What is revoked does not run, what is held runs once and in time, and so does what waits for its token.
      yield* client.applyAsync(plain, {}, { queue: "extra", taskId: "never" })
      yield* turned("100 millis")
      assert.deepStrictEqual(ran, ["token"])
      yield* turned("6 seconds")
      assert.deepStrictEqual(ran, ["token", held.id, "waits"])
      assert.deepStrictEqual([broker.queue("extra")?.ready, broker.queue("extra")?.unacked], [0, 0])
    }).pipe(
      Effect.scoped,
      Effect.provide(Layer.provideMerge(listening, MemoryTransport.layer())),
      Effect.provide(quiet)
    ))
})
