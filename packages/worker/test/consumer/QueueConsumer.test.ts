import { MemoryBroker } from "@celeriac/messaging/transports/MemoryBroker"
import * as Task from "@celeriac/tasks/Task"
import { Worker } from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import { counts, define, Doors, publish, quiet, running, settled, taskMessage } from "../support.ts"

const prefetch = Effect.map(MemoryBroker, (broker) => broker.queue("celery")?.consumers[0]?.prefetch)

const nap = Task.make("nap", { parameters: { millis: Schema.Int } })
const NapLive = nap.toLayer(({ millis }) => millis === 0 ? Effect.void : Effect.sleep(millis), { acksLate: true })

const send = (from: number, to: number, millis: number) =>
  Effect.gen(function*() {
    for (let n = from; n < to; n++) yield* publish(taskMessage({ task: "nap", id: String(n), args: [millis] }))
  })

describe("the prefetch", () => {
  it.effect("is as many as are fixed, and stays so", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* prefetch, 7)
      yield* send(0, 1_000, 0)
      yield* settled
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* prefetch, 7)
    }).pipe(Effect.provide(running(define({ tasks: [NapLive], prefetch: { count: 7 } })))))

  it.effect("takes no more than that many off the queue", () => {
    const doors = new Doors()
    return Effect.gen(function*() {
      for (let n = 0; n < 10; n++) yield* publish(taskMessage({ task: "gated", id: String(n), kwargs: { n } }))
      yield* settled
      assert.deepStrictEqual(yield* counts(), [7, 3])
      doors.open(0)
      yield* settled
      assert.deepStrictEqual(yield* counts(), [6, 3])
    }).pipe(
      Effect.provide(running(define({ tasks: [doors.late], concurrency: 1, prefetch: { count: 3 } }))),
      Effect.provide(quiet)
    )
  })

  it.effect("adapts: starts with four for each slot, grows for quick tasks and shrinks when they turn slow", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* prefetch, 8)
      // 100 tasks in each tenth of a second, a thousand in a second.
      for (let tenth = 0; tenth < 10; tenth++) {
        yield* send(tenth * 100, tenth * 100 + 100, 0)
        yield* TestClock.adjust("100 millis")
      }
      yield* settled
      assert.isAtLeast((yield* prefetch) ?? 0, 80)
      assert.isAtMost((yield* prefetch) ?? 0, 1_000)
      // Two slots, a second each.
      yield* send(2_000, 2_200, 1_000)
      for (let second = 0; second < 5; second++) yield* TestClock.adjust("1 second")
      yield* settled
      assert.isAtMost((yield* prefetch) ?? 1_000, 10)
      // What it hoarded is the broker's again, all but what is wanted.
      const [ready, unacked] = yield* counts()
      assert.isAtMost(unacked, 12)
      assert.isAbove(ready, 150)
    }).pipe(Effect.provide(running(define({ tasks: [NapLive], concurrency: 2 }))), Effect.provide(quiet)))

  it.effect("gives back without running anything twice or losing it, and keeps the order", () => {
    const order: Array<number> = []
    const note = Task.make("note", { parameters: { n: Schema.Int, millis: Schema.Int } })
    const live = note.toLayer(
      ({ millis, n }) =>
        Effect.andThen(Effect.sync(() => void order.push(n)), millis === 0 ? Effect.void : Effect.sleep(millis)),
      { acksLate: true }
    )
    return Effect.gen(function*() {
      for (let n = 0; n < 500; n++) {
        yield* publish(taskMessage({ task: "note", id: String(n), args: [n, 0] }))
        if (n % 50 === 49) yield* TestClock.adjust("50 millis")
      }
      for (let n = 500; n < 560; n++) yield* publish(taskMessage({ task: "note", id: String(n), args: [n, 1_000] }))
      for (let second = 0; second < 70; second++) {
        yield* TestClock.adjust("1 second")
        yield* settled
      }
      assert.deepStrictEqual(order, Array.from({ length: 560 }, (_, n) => n))
      assert.deepStrictEqual(yield* counts(), [0, 0])
    }).pipe(Effect.provide(running(define({ tasks: [live], concurrency: 1 }))), Effect.provide(quiet))
  })

  it.effect("is not used up by tasks that are held for their time", () =>
    Effect.gen(function*() {
      for (let n = 0; n < 100; n++) {
        yield* publish(taskMessage({ task: "nap", id: `held ${n}`, args: [0], eta: 3_600_000 }))
        yield* settled
      }
      const { state } = yield* Worker
      assert.strictEqual(state.requests.size, 100)
      yield* send(0, 20, 0)
      yield* settled
      assert.strictEqual(state.succeeded, 20)
      assert.isAtLeast((yield* prefetch) ?? 0, 104)
      // When they have run, no more is left of it than a hundred in a second are worth: a tenth of them.
      yield* TestClock.adjust("1 hour")
      yield* settled
      yield* TestClock.adjust("5 seconds")
      yield* settled
      assert.strictEqual(state.succeeded, 120)
      assert.strictEqual(yield* prefetch, 8 + 10)
    }).pipe(Effect.provide(running(define({ tasks: [NapLive], concurrency: 2 }))), Effect.provide(quiet)))
})
