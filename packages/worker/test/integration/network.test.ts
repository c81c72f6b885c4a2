/** A worker and a bad network: faults are noticed, what it ran is remembered, and it consumes again. */
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { connect, createServer } from "node:net"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { type Fault, FaultProxy } from "../../../../test/peers/FaultProxy.ts"
import { freePorts } from "../../../../test/peers/Process.ts"
import { isQuiet } from "../../../../test/peers/Quiet.ts"
import { Lines } from "../support.ts"
import * as Kit from "./Kit.ts"

const url = brokerUrl()
const port = Number(/:(\d+)\//.exec(url)?.[1])

const proxy = Effect.acquireRelease(
  Effect.promise(() => FaultProxy.start(port)),
  (proxy) => Effect.promise(() => proxy.stop())
)

describe.concurrent("a bad network", () => {
  for (const fault of ["blackhole", "toClientLost"] satisfies ReadonlyArray<Fault>) {
    it.live(`${fault} is noticed within two heartbeats, and the worker consumes again when it is over`, () =>
      Effect.scoped(Effect.gen(function*() {
        const network = yield* proxy
        const queue = Kit.newQueue("network")
        const journal = new Kit.Journal()
        const lines = new Lines()
        yield* Kit.worker(
          Worker.make({ tasks: [journal.late], concurrency: 2 }),
          { url: network.through(url), queue, heartbeat: "1 second" },
          lines.layer
        )
        const client = yield* Kit.client({ url, queue })
        assert.strictEqual(yield* client.execute(Kit.step, { n: 1, millis: 0 }), 1)
        network.fault = fault
        const start = yield* Clock.currentTimeMillis
        yield* Kit.until("the loss is noticed", () => lines.has("Connection to broker lost"))
        if (isQuiet) assert.isBelow((yield* Clock.currentTimeMillis) - start, 2900)
        const sent = yield* client.delay(Kit.step, { n: 2, millis: 0 })
        network.fault = "pass"
        assert.strictEqual(yield* sent.get({ timeout: "1 minute" }), 2)
        assert.deepStrictEqual(journal.starts, [1, 2])
      })))
  }

  it.live(
    "thirty resets in three seconds make no task run twice, and none is lost",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const network = yield* proxy
        const queue = Kit.newQueue("storm")
        const journal = new Kit.Journal()
        yield* Kit.worker(Worker.make({ tasks: [journal.late], concurrency: 8 }), { url: network.through(url), queue })
        const client = yield* Kit.client({ url, queue })
        const wire = yield* Kit.wire(url)
        yield* Effect.forEach(
          Kit.numbers(400),
          (n) => client.applyAsync(Kit.step, { n, millis: 70 }, { ignoreResult: true }),
          {
            concurrency: "unbounded"
          }
        )
        for (let i = 0; i < 30; i++) {
          yield* Effect.sleep("100 millis")
          network.reset()
        }
        yield* Kit.until(
          "all has run",
          () => new Set(journal.ends).size === 400,
          100_000,
          () => `${new Set(journal.ends).size}`
        )
        assert.deepStrictEqual(journal.starts.toSorted((a, b) => a - b), Kit.numbers(400))
        const sent = yield* client.delay(Kit.step, { n: 400, millis: 0 })
        assert.strictEqual(yield* sent.get({ timeout: "1 minute" }), 400)
        yield* Kit.until("all is acknowledged", async () => await wire.ready(queue) === 0)
      })),
    120_000
  )

  for (const fault of ["blackhole", "toServerLost", "toClientLost"] satisfies ReadonlyArray<Fault>) {
    it.live(
      `${fault} for longer than a publish may take makes no finished task run again, and every result is readable`,
      () =>
        Effect.scoped(Effect.gen(function*() {
          const network = yield* proxy
          const queue = Kit.newQueue("silent")
          const journal = new Kit.Journal()
          const lines = new Lines()
          const deadline = 500
          const at = { url: network.through(url), queue, heartbeat: "1 second" } as const
          yield* Kit.worker(
            Worker.make({ tasks: [journal.late], concurrency: 4 }),
            { ...at, deadline },
            lines.layer
          )
          const client = yield* Kit.client({ url, queue })
          const wire = yield* Kit.wire(url)
          const sent = yield* Effect.forEach(Kit.numbers(400), (n) => client.delay(Kit.step, { n, millis: 20 }), {
            concurrency: "unbounded"
          })
          yield* Kit.until("some have run", () => journal.ends.length >= 40)
          network.fault = fault
          // A slow machine may have said so before.
          const [cut, before] = [yield* Clock.currentTimeMillis, lines.all.length]
          const says = (text: string) => lines.all.slice(before).some((line) => line.text.includes(text))
          yield* Kit.until("results are kept", () => says("It is kept"))
          yield* Kit.until("the loss is noticed", () => says("Connection to broker lost"))
          yield* Effect.sleep(Math.max(0, cut + 2 * deadline - (yield* Clock.currentTimeMillis)))
          network.fault = "pass"
          const results = yield* Effect.forEach(sent, (one) => one.get({ timeout: "1 minute" }), {
            concurrency: "unbounded"
          })
          assert.deepStrictEqual(results, Kit.numbers(400))
          assert.deepStrictEqual(journal.starts.toSorted((a, b) => a - b), Kit.numbers(400))
          yield* Kit.until("all is acknowledged", async () => await wire.ready(queue) === 0)
        })),
      120_000
    )
  }

  it.live(
    "a worker that is told to leave while its broker is away, finishes what runs and leaves",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const network = yield* proxy
        const queue = Kit.newQueue("away")
        const journal = yield* Kit.journalFile
        const client = yield* Kit.client({ url, queue })
        const wire = yield* Kit.wire(url)
        yield* Effect.forEach(
          Kit.numbers(6),
          (n) => client.applyAsync(Kit.step, { n, millis: 0 }, { ignoreResult: true })
        )
        const worker = yield* Kit.workerProcess({
          url: network.through(url),
          queue,
          journal: journal.path,
          acksLate: true,
          concurrency: 2,
          prefetch: 4,
          held: 0
        })
        yield* Kit.until("two are running", () => journal.starts().length === 2)
        yield* Effect.promise(() => network.stop())
        yield* Kit.until("the loss is noticed", () => worker.output.includes("Connection to broker lost"))
        worker.signal("SIGTERM")
        yield* Kit.until("it has heard", () => worker.output.includes("Warm shutdown"))
        journal.open()
        const start = yield* Clock.currentTimeMillis
        assert.strictEqual(yield* Effect.promise(() => worker.exited), 0, worker.output)
        if (isQuiet) assert.isBelow((yield* Clock.currentTimeMillis) - start, 5000)
        assert.deepStrictEqual(journal.ends().toSorted(), [0, 1])
        yield* Kit.until("all are back", async () => await wire.ready(queue) === 6)
      })),
    120_000
  )

  it.live("a broker that is not there at start is waited for, with backoff", () =>
    Effect.scoped(Effect.gen(function*() {
      const [closed = 0] = yield* Effect.promise(() => freePorts(1))
      const queue = Kit.newQueue("later")
      const journal = new Kit.Journal()
      const lines = new Lines()
      const starting = yield* Effect.forkChild(
        Kit.worker(
          Worker.make({ tasks: [journal.late], concurrency: 2 }),
          { url: url.replace(`:${port}/`, `:${closed}/`), queue },
          lines.layer
        )
      )
      const attempts = () => lines.of("Error").filter((line) => line.includes("Cannot connect to"))
      yield* Kit.until("it has tried three times", () => attempts().length >= 3)
      const waits = attempts().map((line) => Number(/again in ([\d.]+) seconds/.exec(line)?.[1]))
      assert.isAbove(waits[2]!, waits[0]!, "it waits longer each time")
      assert.match(attempts()[0]!, /amqp:\/\/guest:\*\*@127\.0\.0\.1:\d+/)
      yield* Effect.acquireRelease(
        Effect.sync(() =>
          createServer((client) => {
            const server = connect(port, "127.0.0.1")
            client.on("error", () => server.destroy()).pipe(server).on("error", () => client.destroy()).pipe(client)
          }).listen(closed, "127.0.0.1")
        ),
        (server) => Effect.sync(() => void server.close())
      )
      yield* Fiber.join(starting)
      const client = yield* Kit.client({ url, queue })
      assert.strictEqual(yield* client.execute(Kit.step, { n: 1, millis: 0 }), 1)
    })))
})
