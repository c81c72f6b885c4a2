/** Queues that count how often a message comes back, and drop it after that: a prefetch that gives back must not use that up. */
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { afterAll, beforeAll } from "vitest"
import { FaultProxy } from "../../../../test/peers/FaultProxy.ts"
import { type Host, RabbitMq } from "../../../../test/peers/RabbitMq.ts"
import type { Wire } from "../../../../test/peers/Wire.ts"
import * as Kit from "./Kit.ts"

const quorum = (name: string, limit: number): Host => ({
  name,
  queueType: "quorum",
  policy: { "delivery-limit": limit }
})

/** RabbitMQ 4 makes a quorum queue of every durable one there, but for what a client says; RabbitMQ 3 does not know of it. */
let rabbit: RabbitMq
beforeAll(async () => {
  rabbit = await RabbitMq.start({
    config: ["{default_queue_type, rabbit_quorum_queue}"],
    hosts: [
      // There a message may come back once.
      quorum("host", 1),
      { name: "node", policy: { "delivery-limit": 1 } },
      // And there often enough to be counted.
      ...["warm", "cold", "lost"].flatMap((end) => ["late", "early"].map((ack) => quorum(`${end}-${ack}`, 9)))
    ]
  })
})
afterAll(() => rabbit?.stop())

const urlOf = (host: string): string => `amqp://guest:guest@127.0.0.1:${rabbit.port}/${host}`

/** Quick and slow tasks in turn, all in the queue at once, so that the prefetch grows and shrinks again and again. */
const inTurns = (url: string) =>
  Effect.gen(function*() {
    const at = { url, queue: Kit.newQueue("returns") }
    const journal = new Kit.Journal()
    const client = yield* Kit.client(at)
    const numbers = Kit.numbers(900)
    const sent = yield* Effect.forEach(
      numbers,
      (n) => client.delay(Kit.step, { n, millis: n % 150 < 146 ? 1 : 600 }),
      { concurrency: "unbounded" }
    )
    yield* Kit.worker(Worker.make({ tasks: [journal.late], concurrency: 1 }), at)
    yield* Kit.until(
      "all have run",
      () => journal.ends.length >= numbers.length,
      240_000,
      () => `${journal.ends.length} of ${numbers.length} have run`
    )
    const results = yield* Effect.forEach(sent, (one) => one.get({ timeout: "1 minute" }), {
      concurrency: "unbounded"
    })
    assert.deepStrictEqual(results, numbers)
    assert.deepStrictEqual(journal.starts.toSorted((a, b) => a - b), numbers, "each ran once")
  })

describe.concurrent("no task is lost to a prefetch that gives back", () => {
  it.live(
    "where the virtual host makes quorum queues of all, and a policy lets a message come back once",
    () => Effect.scoped(Effect.suspend(() => inTurns(urlOf("host")))),
    300_000
  )

  it.live(
    "where the node makes quorum queues of all",
    () => Effect.scoped(Effect.suspend(() => inTurns(urlOf("node")))),
    300_000
  )
})

describe.concurrent("what a worker had fetched when it went", () => {
  const count = 30
  const prefetch = 12

  /** A host with tasks in it, and a worker that holds some of them. */
  const holding = Effect.fnUntraced(function*(name: string, acksLate: boolean, through = (url: string) => url) {
    const url = urlOf(name)
    const queue = Kit.newQueue("returns")
    const journal = yield* Kit.journalFile
    const client = yield* Kit.client({ url, queue })
    const wire = yield* Kit.wire(url)
    // None ends before the worker is told to go.
    yield* Effect.forEach(
      Kit.numbers(count),
      (n) => client.applyAsync(Kit.step, { n, millis: 0 }, { ignoreResult: true })
    )
    const worker = yield* Kit.workerProcess({
      url: through(url),
      queue,
      journal: journal.path,
      acksLate,
      concurrency: 2,
      prefetch,
      held: 0
    })
    yield* Kit.until("two are running", () => journal.starts().length === 2)
    const held = acksLate ? prefetch : prefetch + 2
    yield* Kit.until("the others are fetched", async () => await wire.ready(queue) === count - held)
    return { worker, wire, queue, journal }
  })

  /** How often each of what is in the queue has come back, once it is all there. */
  const returned = (wire: Wire, queue: string, all: number) =>
    Kit.until("all are back", async () => await wire.ready(queue) === all).pipe(
      Effect.andThen(Effect.promise(() => wire.drain(queue))),
      Effect.map((messages) => messages.map(({ properties }) => Number(properties.headers?.["x-delivery-count"] ?? 0)))
    )

  for (const acksLate of [true, false]) {
    const ack = acksLate ? "late" : "early"
    it.live(
      `has come back once at most when it stopped warm (${ack} ack)`,
      () =>
        Effect.scoped(Effect.gen(function*() {
          const { journal, queue, wire, worker } = yield* holding(`warm-${ack}`, acksLate)
          worker.signal("SIGTERM")
          yield* Kit.until("all but those are back", async () => await wire.ready(queue) === count - 2)
          journal.open()
          assert.strictEqual(yield* Effect.promise(() => worker.exited), 0, worker.output)
          assert.deepStrictEqual(journal.ends().length, 2)
          const times = yield* returned(wire, queue, count - 2)
          assert.isAtMost(Math.max(...times), 1)
        })),
      120_000
    )

    it.live(
      `has come back once at most when it stopped cold (${ack} ack)`,
      () =>
        Effect.scoped(Effect.gen(function*() {
          const { queue, wire, worker } = yield* holding(`cold-${ack}`, acksLate)
          worker.signal("SIGQUIT")
          assert.strictEqual(yield* Effect.promise(() => worker.exited), 1, worker.output)
          const times = yield* returned(wire, queue, acksLate ? count : count - 2)
          assert.isAtMost(Math.max(...times), 1)
        })),
      120_000
    )

    it.live(
      `has come back once when its connection was lost, and no second time when it stops then (${ack} ack)`,
      () =>
        Effect.scoped(Effect.gen(function*() {
          const network = yield* Effect.acquireRelease(
            Effect.promise(() => FaultProxy.start(rabbit.port)),
            (proxy) => Effect.promise(() => proxy.stop())
          )
          const { queue, wire, worker } = yield* holding(`lost-${ack}`, acksLate, (url: string) => network.through(url))
          // Nothing it sends arrives, and no new connection comes about.
          network.fault = "blackhole"
          network.reset()
          const all = acksLate ? count : count - 2
          yield* Kit.until("all are back", async () => await wire.ready(queue) === all)
          worker.signal("SIGTERM")
          worker.signal("SIGQUIT")
          yield* Effect.promise(() => worker.exited)
          const times = yield* returned(wire, queue, all)
          assert.strictEqual(times.filter((n) => n === 1).length, prefetch)
          assert.strictEqual(times.filter((n) => n > 1).length, 0)
        })),
      120_000
    )
  }
})
