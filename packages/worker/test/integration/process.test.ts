/** A worker's process and the ways it ends: nothing is lost, and nothing that was done is done again. */
import type { AsyncResult } from "@celeriac/tasks/AsyncResult"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { isQuiet } from "../../../../test/peers/Quiet.ts"
import * as Kit from "./Kit.ts"

const url = brokerUrl()

const sorted = (numbers: ReadonlyArray<number>) => numbers.toSorted((a, b) => a - b)

describe.concurrent("the process of a worker", () => {
  for (const acksLate of [true, false]) {
    it.live(`finishes what runs on SIGTERM, sends back the rest, and exits with 0 (${acksLate ? "late" : "early"} ack)`, () =>
      Effect.scoped(Effect.gen(function*() {
        const queue = Kit.newQueue("warm")
        const journal = yield* Kit.journalFile
        const client = yield* Kit.client({ url, queue })
        const wire = yield* Kit.wire(url)
        const sent = yield* Effect.forEach(Kit.numbers(30), (n) => client.delay(Kit.step, { n, millis: 0 }))
        const worker = yield* Kit.workerProcess({
          url,
          queue,
          journal: journal.path,
          acksLate,
          concurrency: 4,
          prefetch: 20,
          held: 0
        })
        yield* Kit.until("four are running", () => journal.starts().length === 4)
        yield* Kit.until("20 are held", async () => await wire.ready(queue) === (acksLate ? 10 : 6))
        worker.signal("SIGTERM")
        yield* Kit.until("it consumes no more", async () => await wire.consumers(queue) === 0)
        journal.open()
        assert.strictEqual(yield* Effect.promise(() => worker.exited), 0, worker.output)
        const ran = sorted(journal.starts())
        assert.deepStrictEqual(ran, [0, 1, 2, 3])
        assert.deepStrictEqual(sorted(journal.ends()), ran)
        assert.deepStrictEqual(yield* Effect.forEach(ran, (n) => sent[n]!.get({ timeout: "1 minute" })), ran)
        yield* Kit.until("the others are back", async () => await wire.ready(queue) === 26)
        const first = (yield* Effect.promise(() => wire.drain(queue)))[0]
        assert.strictEqual(first?.properties.correlationId, sent[4]?.id, "in their order")
      })))
  }

  for (const signals of [["SIGINT", "SIGINT"], ["SIGTERM", "SIGTERM"], ["SIGQUIT"]] as const) {
    it.live(`leaves within 5 seconds on ${signals.join(", ")}: late-ack tasks are back in the queue, and it exits with 1`, () =>
      Effect.scoped(Effect.gen(function*() {
        const queue = Kit.newQueue("cold")
        const journal = yield* Kit.journalFile
        const client = yield* Kit.client({ url, queue })
        const wire = yield* Kit.wire(url)
        yield* Effect.forEach(Kit.numbers(10), (n) => client.delay(Kit.step, { n, millis: 600_000 }))
        const worker = yield* Kit.workerProcess({
          url,
          queue,
          journal: journal.path,
          acksLate: true,
          concurrency: 4,
          prefetch: 8
        })
        yield* Kit.until("four are running", () => journal.starts().length === 4)
        const start = yield* Clock.currentTimeMillis
        for (const signal of signals) {
          worker.signal(signal)
          if (signals.length > 1) yield* Kit.until("it has heard", () => worker.output.includes("Warm shutdown"))
        }
        assert.strictEqual(yield* Effect.promise(() => worker.exited), 1, worker.output)
        if (isQuiet) assert.isBelow((yield* Clock.currentTimeMillis) - start, 5000)
        yield* Kit.until("all are back", async () => await wire.ready(queue) === 10)
        assert.deepStrictEqual(journal.ends(), [])
      })))
  }

  it.live("stopped cold, tells whoever waits for an early-ack task that it is lost", () =>
    Effect.scoped(Effect.gen(function*() {
      const queue = Kit.newQueue("early")
      const journal = yield* Kit.journalFile
      const client = yield* Kit.client({ url, queue })
      const wire = yield* Kit.wire(url)
      const sent = yield* Effect.forEach(Kit.numbers(10), (n) => client.delay(Kit.step, { n, millis: 600_000 }))
      const worker = yield* Kit.workerProcess({
        url,
        queue,
        journal: journal.path,
        acksLate: false,
        concurrency: 4,
        prefetch: 8
      })
      yield* Kit.until("four are running", () => journal.starts().length === 4)
      worker.signal("SIGQUIT")
      assert.strictEqual(yield* Effect.promise(() => worker.exited), 1, worker.output)
      for (const n of journal.starts()) {
        const error = yield* Effect.flip(sent[n]!.get({ timeout: "1 minute" }))
        assert.strictEqual(error._tag === "TaskException" ? error.excType : error.message, "WorkerLostError")
      }
      yield* Kit.until("the rest is back", async () => await wire.ready(queue) === 6)
    })))

  it.live("killed while it runs late-ack tasks, leaves them to the next worker", () =>
    Effect.scoped(Effect.gen(function*() {
      const queue = Kit.newQueue("killed")
      const journal = yield* Kit.journalFile
      const client = yield* Kit.client({ url, queue })
      const options = { url, queue, journal: journal.path, acksLate: true, concurrency: 4, prefetch: 8, held: 20 }
      const sent = yield* Effect.forEach(Kit.numbers(40), (n) => client.delay(Kit.step, { n, millis: 50 }))
      const killed = yield* Kit.workerProcess(options)
      yield* Kit.until("some have run", () => journal.ends().length >= 8)
      killed.signal("SIGKILL")
      yield* Effect.promise(() => killed.exited)
      assert.isBelow(journal.ends().length, 40, "it was killed too late to show anything")
      journal.open()
      yield* Kit.workerProcess(options)
      const results = yield* Effect.forEach(sent, (one) => one.get({ timeout: "1 minute" }), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(results, Kit.numbers(40))
      // A slot is free again before the broker has confirmed a result: what waits for that is not acknowledged either.
      assert.isAtMost(journal.starts().length - 40, options.prefetch, "at most what it held ran again")
    })))

  it.live("two of them share a queue", () =>
    Effect.scoped(Effect.gen(function*() {
      const queue = Kit.newQueue("shared")
      const journals = [yield* Kit.journalFile, yield* Kit.journalFile]
      const client = yield* Kit.client({ url, queue })
      yield* Effect.forEach(journals, ({ path }) =>
        Kit.workerProcess({ url, queue, journal: path, acksLate: true, concurrency: 2, prefetch: 4, held: 0 }), {
        concurrency: "unbounded"
      })
      const running = yield* Effect.forkChild(
        Effect.forEach(Kit.numbers(60), (n) =>
          client.execute(Kit.step, { n, millis: 30 }), {
          concurrency: "unbounded"
        })
      )
      // Neither takes more than it may hold: what is behind that is the other's.
      yield* Kit.until("each runs two", () =>
        journals.every((journal) =>
          journal.starts().length === 2
        ))
      for (const journal of journals) journal.open()
      const results = yield* Fiber.join(running)
      assert.deepStrictEqual(results, Kit.numbers(60))
      const [a = [], b = []] = journals.map((journal) => journal.starts())
      if (isQuiet) assert.isAbove(Math.min(a.length, b.length), 15)
      assert.deepStrictEqual(sorted([...a, ...b]), Kit.numbers(60))
    })))
})

/** One after the other: each starts six processes. */
describe("workers that relieve each other", () => {
  for (const acksLate of [true, false]) {
    it.live(`restarted again and again under load, loses no task and runs none twice (${acksLate ? "late" : "early"} ack)`, () =>
      Effect.scoped(Effect.gen(function*() {
        const queue = Kit.newQueue("rolling")
        const journal = yield* Kit.journalFile
        const client = yield* Kit.client({ url, queue })
        const options = { url, queue, journal: journal.path, acksLate, concurrency: 4, prefetch: 12 }
        const sent: Array<AsyncResult<number>> = []
        let loading = true
        /** As much as four workers have to do, until all have been restarted. */
        const load = yield* Effect.forkChild(Effect.gen(function*() {
          while (loading) {
            if (sent.length - journal.ends().length >= 80) yield* Effect.sleep("20 millis")
            else sent.push(yield* client.delay(Kit.step, { n: sent.length, millis: 100 }))
          }
        }))
        let old = [yield* Kit.workerProcess(options), yield* Kit.workerProcess(options)]
        for (let round = 0; round < 2; round++) {
          const young = yield* Effect.forEach(old, () => Kit.workerProcess(options), { concurrency: "unbounded" })
          for (const worker of old) {
            worker.signal("SIGTERM")
            assert.strictEqual(yield* Effect.promise(() => worker.exited), 0, worker.output)
          }
          old = young
        }
        loading = false
        yield* Fiber.join(load)
        const all = Kit.numbers(sent.length)
        const results = yield* Effect.forEach(sent, (one) => one.get({ timeout: "1 minute" }), {
          concurrency: "unbounded"
        })
        assert.deepStrictEqual(results, all)
        assert.deepStrictEqual(sorted(journal.starts()), all, "each started once")
      })))
  }
})
