import { MemoryBroker } from "@celeriac/messaging/transports/MemoryBroker"
import * as Task from "@celeriac/tasks/Task"
import * as RequestObserver from "@celeriac/worker/execution/RequestObserver"
import { Worker } from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { LaneSize } from "../../src/consumer/internal/Lanes.ts"
import { counts, define, publish, quiet, running, settled, taskMessage } from "../support.ts"

const note = Task.make("note", { parameters: { n: Schema.Int } })

/** Which numbers ran, in order; and a worker that holds ten on a channel. */
const noting = (laneSize = 10) => {
  const ran: Array<number> = []
  const settlements: Array<string> = []
  const live = note.toLayer(({ n }) => Effect.sync(() => void ran.push(n)), { acksLate: true })
  const observer = RequestObserver.layer({
    settled: ({ id }, settlement, isStale) => isStale ? undefined : void settlements.push(`${settlement} ${id}`)
  })
  const layer = running(define({ tasks: [live], concurrency: 1 })).pipe(
    Layer.provide(Layer.succeed(LaneSize, laneSize)),
    Layer.provide(observer),
    Layer.provideMerge(quiet)
  )
  return { ran, settlements, layer }
}

const send = (n: number, eta?: number) => publish(taskMessage({ task: "note", id: String(n), args: [n], eta }))

const channels = Effect.map(
  MemoryBroker,
  (broker) => broker.channels().filter(({ connection }) => connection.name === "celery@test")
)

/** Those that hold messages, and those that consume. */
const inUse = Effect.map(channels, (all) => ({
  holding: all.filter(({ unacked }) => unacked > 0).length,
  consuming: all.filter(({ queues }) => queues.includes("celery")).length
}))

describe("the channels of a queue", () => {
  it.effect("are one more for each so many that are held, and one of them consumes", () => {
    const { layer, ran } = noting()
    return Effect.gen(function*() {
      const before = (yield* channels).length
      for (let n = 0; n < 100; n++) {
        yield* send(n, 60_000 + n)
        yield* settled
      }
      const { consuming, holding } = yield* inUse
      assert.strictEqual(consuming, 1)
      assert.isAtLeast(holding, 8)
      assert.isAtMost(holding, 10)
      yield* send(1_000)
      yield* settled
      assert.deepStrictEqual(ran, [1_000])
      yield* TestClock.adjust("2 minutes")
      yield* settled
      assert.deepStrictEqual(ran.slice(1), Array.from({ length: 100 }, (_, n) => n))
      assert.deepStrictEqual(yield* counts(), [0, 0])
      // What was parked is closed.
      assert.strictEqual((yield* channels).length, before)
    }).pipe(Effect.provide(layer))
  })

  it.effect("are lost one by one: what was held on one comes again, and the others go on", () => {
    const { layer, ran } = noting()
    return Effect.gen(function*() {
      for (let n = 0; n < 35; n++) {
        yield* send(n, 60_000 + n)
        yield* settled
      }
      const { faults } = yield* MemoryBroker
      const parked = (yield* channels).find(({ queues, unacked }) => unacked > 0 && queues.length === 0)
      faults.closeChannels(
        406,
        "PRECONDITION_FAILED - delivery acknowledgement timed out",
        ({ id }) => id === parked!.id
      )
      yield* settled
      assert.strictEqual((yield* inUse).consuming, 1)
      const { state } = yield* Worker
      assert.strictEqual(state.requests.size, 35)
      const consuming = (yield* channels).find(({ queues }) => queues.includes("celery"))
      faults.closeChannels(
        406,
        "PRECONDITION_FAILED - delivery acknowledgement timed out",
        ({ id }) => id === consuming!.id
      )
      yield* settled
      yield* TestClock.adjust("6 seconds")
      yield* settled
      assert.strictEqual((yield* inUse).consuming, 1)
      assert.strictEqual(state.requests.size, 35)
      yield* TestClock.adjust("2 minutes")
      yield* settled
      assert.deepStrictEqual(ran, Array.from({ length: 35 }, (_, n) => n))
      assert.deepStrictEqual(yield* counts(), [0, 0])
    }).pipe(Effect.provide(layer))
  })

  it.effect("all give back what they hold when the worker stops, in its order", () => {
    const { layer, settlements } = noting()
    return Effect.gen(function*() {
      for (let n = 0; n < 35; n++) {
        yield* send(n, 60_000 + n)
        yield* settled
      }
      const { shutdown } = yield* Worker
      yield* shutdown
      assert.deepStrictEqual(yield* counts(), [35, 0])
      assert.deepStrictEqual(
        settlements.toSorted(),
        Array.from({ length: 35 }, (_, n) => `requeue ${n}`).toSorted()
      )
    }).pipe(Effect.provide(layer))
  })

  type Step = { readonly do: "send"; readonly eta: number } | { readonly do: "wait" | "close" | "drop" }

  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({ do: fc.constant("send" as const), eta: fc.constantFrom(0, 0, 2_000, 5_000, 60_000) })
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("wait" as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("close" as const, "drop" as const) }) }
  )

  it.effect("whatever is held, due or lost in between: each message runs once, and is acknowledged", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.boolean(), (steps, stops) => {
          const { layer, ran, settlements } = noting(3)
          return Effect.runPromise(
            Effect.gen(function*() {
              const { faults } = yield* MemoryBroker
              let sent = 0
              let now = 0
              for (const step of steps) {
                if (step.do === "send") yield* send(sent++, step.eta === 0 ? undefined : now + step.eta)
                else if (step.do === "close") {
                  faults.closeChannels(406, "timed out", ({ queues, unacked }) => queues.length > 0 || unacked > 0)
                } else if (step.do === "drop") faults.dropConnections("gone", ({ name }) => name === "celery@test")
                else {
                  yield* TestClock.adjust(1_000)
                  now += 1_000
                }
                if (sent % 3 === 0) yield* settled
              }
              yield* settled
              const all = Array.from({ length: sent }, (_, n) => n)
              if (stops) {
                const { shutdown } = yield* Worker
                yield* shutdown
                const [ready, unacked] = yield* counts()
                assert.strictEqual(unacked, 0)
                assert.strictEqual(ready + new Set(ran).size, sent)
              } else {
                for (let n = 0; n < 20; n++) {
                  yield* TestClock.adjust("6 seconds")
                  yield* settled
                }
                assert.deepStrictEqual(yield* counts(), [0, 0])
                assert.deepStrictEqual(ran.toSorted((a, b) => a - b), all)
                assert.deepStrictEqual(new Set(settlements.filter((one) => one.startsWith("ack"))).size, sent)
              }
            }).pipe(Effect.provide(layer), Effect.provide(TestClock.layer()), Effect.scoped)
          )
        }),
        { numRuns: 60 }
      )
    ))
})
