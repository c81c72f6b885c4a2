/** A RabbitMQ that closes connections, loses patience, runs out of memory, and dies: nothing is lost, and nothing runs twice. */
import * as Commands from "@celeriac/tasks/control/Commands"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { afterAll, beforeAll } from "vitest"
import { isQuiet } from "../../../../test/peers/Quiet.ts"
import { RabbitMq } from "../../../../test/peers/RabbitMq.ts"
import { Lines } from "../support.ts"
import * as Kit from "./Kit.ts"

/** Ours alone: it is killed. */
let rabbit: RabbitMq
beforeAll(async () => {
  rabbit = await RabbitMq.start({ config: ["{channel_tick_interval, 300}"] })
})
afterAll(() => rabbit?.stop())

const rabbitmqctl = (...args: ReadonlyArray<string>) => Effect.promise(() => rabbit.rabbitmqctl(...args))

const underAlarm = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.andThen(rabbitmqctl("set_vm_memory_high_watermark", "0.00001"), effect).pipe(
    Effect.ensuring(rabbitmqctl("set_vm_memory_high_watermark", "0.6"))
  )

/** With the patience of a second and a half for what is not acknowledged, on every channel that is opened meanwhile. */
const impatient = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
  const patience = (millis: number) => rabbitmqctl("eval", `application:set_env(rabbit, consumer_timeout, ${millis}).`)
  return Effect.andThen(patience(1500), effect).pipe(Effect.ensuring(patience(1_800_000)))
}

describe("a failing broker", () => {
  it.live(
    "closes all connections in the middle of 300 late-ack tasks: each runs once, and each result arrives",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const at = { url: rabbit.url, queue: Kit.newQueue("closed") }
        const journal = new Kit.Journal((n) => n >= 270)
        yield* Kit.worker(Worker.make({ tasks: [journal.late], concurrency: 8 }), at)
        const client = yield* Kit.client(at)
        const sent = yield* Effect.forEach(Kit.numbers(300), (n) => client.delay(Kit.step, { n, millis: 60 }), {
          concurrency: "unbounded"
        })
        yield* Kit.until("it is in the middle", () => journal.starts.length > 8)
        yield* rabbitmqctl("close_all_connections", "by the test")
        yield* journal.open
        const results = yield* Effect.forEach(sent, (one) => one.get({ timeout: "1 minute" }), {
          concurrency: "unbounded"
        })
        assert.deepStrictEqual(results, Kit.numbers(300))
        assert.deepStrictEqual(journal.starts.toSorted((a, b) => a - b), Kit.numbers(300), "each started once")
      })),
    120_000
  )

  it.live(
    "loses patience with one queue: the other goes on, and the slow task does not run twice",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const at = { url: rabbit.url, queue: Kit.newQueue("quick") }
        const slow = Kit.newQueue("slow")
        const journal = new Kit.Journal((n) => n === 1000)
        const lines = new Lines()
        yield* Kit.worker(Worker.make({ tasks: [journal.late], concurrency: 4, queues: [at.queue] }), at, lines.layer)
        const client = yield* Kit.client(at)
        // The quick queue is consumed with all the patience in the world, however slow the machine is.
        const { control } = yield* Kit.remote(at)
        const slowOne = yield* impatient(Effect.gen(function*() {
          yield* control.addConsumer({ queue: slow }, { limit: 1, timeout: "1 minute" })
          const sent = yield* client.applyAsync(Kit.step, { n: 1000, millis: 0 }, { queue: slow })
          yield* Kit.until("it runs", () => journal.starts.length === 1)
          return sent
        }))
        const quick = yield* Effect.forkChild(
          Effect.forEach(Kit.numbers(60), (n) => client.execute(Kit.step, { n, millis: 50 }))
        )
        yield* Kit.until("the consumer timeout", () => lines.has(`Consuming from ${slow} stopped`))
        assert.isTrue(lines.has("PRECONDITION_FAILED"), "it says why")
        assert.deepStrictEqual(yield* Fiber.join(quick), Kit.numbers(60))
        assert.isFalse(lines.has(`Consuming from ${at.queue} stopped`), "the quick queue was not disturbed")
        assert.isFalse(lines.has("Connection to broker lost"))
        yield* journal.open
        assert.strictEqual(yield* slowOne.get({ timeout: "1 minute" }), 1000)
        const again = yield* client.applyAsync(Kit.step, { n: 1001, millis: 0 }, { queue: slow })
        assert.strictEqual(yield* again.get({ timeout: "1 minute" }), 1001)
        assert.deepStrictEqual(journal.starts.filter((n) => n === 1000), [1000], "adopted, and not run again")
      })),
    120_000
  )

  it.live(
    "blocks publishers: a publish fails in time, tasks without results are acknowledged, and results wait for the end of the alarm",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const at = { url: rabbit.url, queue: Kit.newQueue("alarm") }
        const silent = Kit.newQueue("silent")
        const journal = new Kit.Journal((n) => n >= 180 || (n >= 20 && n < 40))
        yield* Kit.worker(Worker.make({ tasks: [journal.late], concurrency: 4, queues: [at.queue, silent] }), at)
        const client = yield* Kit.client(at)
        const wire = yield* Kit.wire(rabbit.url)
        const remote = yield* Kit.remote(at)
        const sent = yield* Effect.forEach(Kit.numbers(40), (n) => client.delay(Kit.step, { n, millis: 60 }), {
          concurrency: "unbounded"
        })
        yield* Effect.forEach(
          Kit.numbers(100),
          (n) => client.applyAsync(Kit.step, { n: 100 + n, millis: 60 }, { queue: silent, ignoreResult: true }),
          { concurrency: "unbounded" }
        )
        yield* underAlarm(Effect.gen(function*() {
          yield* journal.open
          const start = yield* Clock.currentTimeMillis
          const error = yield* Effect.flip(
            client.applyAsync(Kit.step, { n: 999, millis: 0 }, { deadline: "500 millis", ignoreResult: true })
          )
          assert.strictEqual(error._tag, "MessagingError")
          if (isQuiet) assert.isBelow((yield* Clock.currentTimeMillis) - start, 1500)
          // What it says to that waits for the end of the alarm, and nothing else for it.
          yield* Effect.forkScoped(Effect.ignore(remote.broadcast(Commands.inspect.ping)))
          yield* Kit.until("what has no result to send goes on", () =>
            journal.ends.filter((n) => n >= 100).length === 100)
          yield* Kit.until("and is acknowledged", async () =>
            await wire.ready(silent) === 0)
        }))
        const results = yield* Effect.forEach(sent, (one) => one.get({ timeout: "1 minute" }), {
          concurrency: "unbounded"
        })
        assert.deepStrictEqual(results, Kit.numbers(40))
        const expected = [...Kit.numbers(40), ...Kit.numbers(100).map((n) => 100 + n)]
        assert.deepStrictEqual(
          journal.starts.filter((n) => n !== 999).toSorted((a, b) => a - b),
          expected,
          "each started once"
        )
      })),
    120_000
  )

  it.live(
    "blocks publishers while a worker is told to leave: warm, it leaves when its results are sent",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const at = { url: rabbit.url, queue: Kit.newQueue("leaving.warm") }
        const journal = yield* Kit.journalFile
        const client = yield* Kit.client(at)
        const wire = yield* Kit.wire(rabbit.url)
        const sent = yield* Effect.forEach(Kit.numbers(10), (n) => client.delay(Kit.step, { n, millis: 300 }))
        const worker = yield* underAlarm(Effect.gen(function*() {
          const worker = yield* Kit.workerProcess({
            ...at,
            journal: journal.path,
            acksLate: true,
            concurrency: 2,
            prefetch: 4
          })
          yield* Kit.until("some have run", () => journal.ends().length >= 2)
          worker.signal("SIGTERM")
          yield* Kit.until(
            "what ran is done",
            () => worker.output.includes("Warm shutdown") && journal.starts().length === journal.ends().length
          )
          assert.isTrue(worker.running, "it has results to send")
          return worker
        }))
        assert.strictEqual(yield* Effect.promise(() => worker.exited), 0, worker.output)
        const ran = journal.starts()
        yield* Kit.until(
          "the others are back",
          async () => await wire.ready(at.queue) === 10 - ran.length,
          undefined,
          () => worker.output
        )
        for (const n of ran) assert.strictEqual(yield* sent[n]!.get({ timeout: "1 minute" }), n)
      })),
    120_000
  )

  it.live(
    "blocks publishers while a worker is told to leave: cold, it leaves all the same, and nothing is lost",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const at = { url: rabbit.url, queue: Kit.newQueue("leaving.cold") }
        const journal = yield* Kit.journalFile
        const client = yield* Kit.client(at)
        const wire = yield* Kit.wire(rabbit.url)
        yield* Effect.forEach(Kit.numbers(10), (n) => client.delay(Kit.step, { n, millis: 300 }))
        yield* underAlarm(Effect.gen(function*() {
          const worker = yield* Kit.workerProcess({
            ...at,
            journal: journal.path,
            acksLate: true,
            concurrency: 2,
            prefetch: 4
          })
          yield* Kit.until("some have run", () => journal.ends().length >= 2)
          const start = yield* Clock.currentTimeMillis
          worker.signal("SIGQUIT")
          assert.strictEqual(yield* Effect.promise(() => worker.exited), 1, worker.output)
          if (isQuiet) assert.isBelow((yield* Clock.currentTimeMillis) - start, 5_000)
          yield* Kit.until("all are back", async () => await wire.ready(at.queue) === 10)
        }))
      })),
    120_000
  )

  it.live(
    "is killed and started again: consuming within 10 seconds, nothing lost",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const at = { url: rabbit.url, queue: Kit.newQueue("killed") }
        const journal = new Kit.Journal((n) => n >= 80)
        const lines = new Lines()
        yield* Kit.worker(Worker.make({ tasks: [journal.late], concurrency: 4 }), at, lines.layer)
        const client = yield* Kit.client(at)
        yield* Effect.forEach(
          Kit.numbers(100),
          (n) => client.applyAsync(Kit.step, { n, millis: 100 }, { ignoreResult: true }),
          {
            concurrency: "unbounded"
          }
        )
        // A durable queue is on the disk a moment after it was declared.
        yield* rabbitmqctl("eval", "mnesia:sync_log().")
        yield* Effect.promise(() => rabbit.kill())
        yield* journal.open
        yield* Kit.until("the loss is noticed", () => lines.has("Connection to broker lost"))
        yield* Effect.promise(() => rabbit.start())
        const answered = yield* Clock.currentTimeMillis
        yield* Kit.until("it consumes again", () => lines.has("Resuming normal operations"))
        if (isQuiet) assert.isBelow((yield* Clock.currentTimeMillis) - answered, 10_000)
        yield* Kit.until(
          "all has run",
          () => new Set(journal.ends).size === 100,
          100_000,
          () => `${new Set(journal.ends).size}`
        )
        const extra = journal.starts.length - new Set(journal.starts).size
        assert.strictEqual(extra, 0, "what this process had run, or was running, did not start again")
      })),
    120_000
  )
})
