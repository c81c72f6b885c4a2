/**
 * Workers with all their steps, whose connections are cut again and again:
 * nothing is left of any of them, and no task runs twice.
 *
 * A consumer that was up for a second is built anew after the shortest pause, so
 * one worker reconnects every second and a half; several do so here.
 * `RECONNECTS` says how many times in all: 300 take a minute.
 */
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import * as EventSettings from "@celeriac/tasks/event/EventSettings"
import * as Task from "@celeriac/tasks/Task"
import { Gossip } from "@celeriac/worker/consumer/Gossip"
import { Tasks } from "@celeriac/worker/consumer/Tasks"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import { Socket } from "node:net"
import { fileURLToPath } from "node:url"
import { queryObjects } from "node:v8"
import { FaultProxy } from "../../../../test/peers/FaultProxy.ts"
import { CeleryWorker } from "../../../../test/peers/Python.ts"
import { isQuiet } from "../../../../test/peers/Quiet.ts"
import { RabbitMq } from "../../../../test/peers/RabbitMq.ts"
import { Lines, quiet } from "../support.ts"
import * as Kit from "./Kit.ts"

const workers = 10
const rounds = Math.ceil(Number(process.env["RECONNECTS"] ?? 100) / workers)

/** How often the broker closes every connection that it has. */
const closings = Math.ceil(Number(process.env["RECONNECTS"] ?? 0) / 20) || 2

/** How many are alive, after a collection of what is not. */
const living = (kind: unknown): number =>
  // The types of Node do not have it yet.
  (queryObjects as unknown as (kind: unknown, options: { readonly format: "count" }) => number)(kind, {
    format: "count"
  })

interface Census {
  readonly fibers: number
  readonly sockets: number
  readonly timers: number
  readonly heap: number
}

const census = (fiber: unknown): Census => ({
  fibers: living(fiber),
  sockets: living(Socket),
  timers: process.getActiveResourcesInfo().filter((name) => name === "Timeout").length,
  heap: process.memoryUsage().heapUsed
})

/** Whether all of them do. */
const answer = (ping: Effect.Effect<object, unknown>, names: ReadonlyArray<string>): Promise<boolean> =>
  Effect.runPromise(
    Effect.map(Effect.orElseSucceed(ping, () => ({})), (replies) => names.every((name) => name in replies))
  )

const ownBroker = Effect.acquireRelease(
  Effect.promise(() => RabbitMq.start()),
  (broker) => Effect.promise(() => broker.stop())
)

const mark = Task.make("it.mark", { parameters: { who: Schema.String } })

describe("workers that lose their connections again and again", () => {
  it.live(
    "leave nothing behind, answer, and run each task once",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const broker = yield* ownBroker
        const network = yield* Effect.acquireRelease(
          Effect.promise(() => FaultProxy.start(broker.port)),
          (proxy) => Effect.promise(() => proxy.stop())
        )
        // Each has a queue of its own: what one had begun when it lost its connection would else run at another.
        const queues = Kit.numbers(workers).map(() => Kit.newQueue("reconnects"))
        const at = { url: broker.url, queue: queues[0]! }
        const journal = new Kit.Journal()
        const lines = new Lines()
        const ups = Kit.numbers(workers).map(() => 0)
        const names = Kit.numbers(workers).map((n) => `storm${n}@here`)
        yield* Effect.forEach(names, (nodename, index) => {
          const counting = Bootstep.make("Counting", {
            requires: [Gossip, Tasks],
            start: Effect.sync(() => void ups[index]!++)
          })
          return Kit.worker(
            Worker.make({
              nodename,
              tasks: [journal.late],
              concurrency: 4,
              settings: { sendTaskEvents: true },
              steps: { consumer: [counting] }
            }),
            { url: network.through(broker.url), queue: queues[index]! },
            lines.layer
          )
        }, { concurrency: "unbounded", discard: true })
        const client = yield* Kit.client(at)
        const { ping } = yield* Kit.remote(at)
        const question = "{length(rabbit_networking:connections()), length(rabbit_channel:list()), " +
          "length(rabbit_amqqueue:consumers_all(<<\"/\">>))}."
        const count = async () => (await broker.rabbitmqctl("eval", question)).match(/\d+/g)!.map(Number)
        let atBroker: ReadonlyArray<number> = []
        /** Connections, channels and consumers, once the broker has closed all that was cut: twice the same. */
        const settled = Kit.until(
          "the broker is at rest",
          async () => {
            const before = atBroker
            atBroker = await count()
            return atBroker.join() === before.join()
          },
          undefined,
          () => atBroker.join()
        )
        let sent = 0
        const round = Effect.gen(function*() {
          const before = Math.min(...ups)
          yield* Effect.forEach(
            [...queues, ...queues],
            (queue) => client.applyAsync(Kit.step, { n: sent++, millis: 50 }, { ignoreResult: true, queue })
          )
          network.reset()
          yield* Kit.until("all are up again", () => ups.every((count) => count > before), 100_000)
          // Until all count as having held: the next pause is the shortest again.
          yield* Effect.sleep("1050 millis")
        })
        const quiet = Kit.until(
          "all has run",
          () => journal.ends.length >= sent,
          100_000,
          () => `${journal.ends.length} of ${sent}`
        )
        const fiber = yield* Effect.flatMap(Effect.forkChild(Effect.void), (one) => Effect.as(Fiber.await(one), one))

        yield* Effect.replicateEffect(round, 3)
        yield* ping({ destination: names, timeout: "1 minute" })
        yield* quiet
        yield* settled
        const [before, brokerBefore] = [census(fiber.constructor), atBroker]
        const start = yield* Clock.currentTimeMillis
        yield* Effect.replicateEffect(round, rounds)
        const seconds = ((yield* Clock.currentTimeMillis) - start) / 1000
        yield* quiet

        // A mailbox is its old connection's until the broker has noticed that this is gone, and is listened to again then.
        yield* Kit.until("all answer", () => answer(ping({ destination: names }), names), 100_000)
        assert.deepStrictEqual(journal.starts.toSorted((a, b) => a - b), Kit.numbers(sent))
        // What was cut may still be closing: it goes by itself, or it is a leak.
        let after = census(fiber.constructor)
        const isReleased = () => {
          after = census(fiber.constructor)
          return after.fibers <= before.fibers + 20 && after.sockets <= before.sockets + 4 &&
            after.timers <= before.timers + 6 && after.heap - before.heap < 8 * 1024 * 1024
        }
        yield* Kit.until("what was cut is released", isReleased, 100_000, () => JSON.stringify({ before, after }))
        yield* settled
        const brokerAfter = atBroker
        const told = JSON.stringify({ reconnects: ups, seconds, before, after, brokerBefore, brokerAfter })
        if (process.env["RECONNECTS"] !== undefined) console.log(told)
        if (rounds * workers >= 300 && isQuiet) {
          assert.isBelow(seconds * 300 / (rounds * workers), 60, "300 in a minute")
        }
        assert.deepStrictEqual([brokerAfter[0], brokerAfter[2]], [brokerBefore[0], brokerBefore[2]], told)
        // One of each worker may be on its way, at either count.
        assert.isAtMost(brokerAfter[1]!, brokerBefore[1]! + workers, told)
      })),
    360_000
  )

  it.live(
    "because the broker closes them all, survive together with Python's, which sees nodes join and leave",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const broker = yield* ownBroker
        const at = { url: broker.url, queue: Kit.newQueue("closed") }
        const theirs = `${at.queue}.python`
        const python = yield* Effect.acquireRelease(
          Effect.promise(() =>
            CeleryWorker.start({
              module: fileURLToPath(new URL("../interop/neighbour.py", import.meta.url)),
              env: { URL: broker.url, QUEUE: theirs, NAMESPACE: "celery" },
              args: ["--pool", "solo", "-n", "python@here", "--loglevel", "DEBUG"]
            })
          ),
          (worker) => Effect.promise(() => worker.kill())
        )
        const sees = (text: string) =>
          Kit.until(`Python's says '${text}'`, () => python.output.includes(text), 100_000, () => python.output)
        const journal = new Kit.Journal()
        const lines = new Lines()
        const told: Array<string> = []
        let ups = 0
        const watching = Bootstep.make("Watching", {
          requires: [Gossip, Tasks],
          start: Effect.gen(function*() {
            const gossip = yield* Gossip
            ups++
            yield* gossip.onNodeJoin(({ hostname }) => Effect.sync(() => told.push(`${hostname} joined`)))
            yield* gossip.onNodeLeave(({ hostname }) => Effect.sync(() => told.push(`${hostname} left`)))
          })
        })
        yield* Kit.worker(
          Worker.make({
            nodename: "ours@here",
            tasks: [journal.late],
            concurrency: 2,
            steps: { consumer: [watching] }
          }),
          at,
          lines.layer
        )
        yield* sees("ours@here joined the party")
        const client = yield* Kit.client(at)
        const { ping } = yield* Kit.remote(at)
        const both = ["ours@here", "python@here"]
        let sent = 0

        for (const round of Kit.numbers(closings)) {
          for (const n of Kit.numbers(6)) {
            yield* client.applyAsync(Kit.step, { n: sent++, millis: 300 + 100 * n }, { ignoreResult: true })
          }
          yield* Effect.promise(() => broker.rabbitmqctl("close_all_connections", "--global", "a test closes them"))
          yield* Kit.until(
            "ours is up again",
            () => ups > round + 1,
            100_000,
            () => `${ups} ups: ${JSON.stringify(lines.all.slice(-12))}`
          )
          yield* Kit.until(
            "both answer",
            () => answer(ping({ limit: 2, timeout: "1 second" }), both),
            20_000,
            () => python.output
          )
          yield* client.applyAsync(mark, { who: `round ${round}` }, { ignoreResult: true, queue: theirs })
          yield* sees(`marked round ${round}`)
        }
        yield* Kit.until("all has run", () => journal.ends.length >= sent, 100_000)
        assert.deepStrictEqual(journal.starts.toSorted((a, b) => a - b), Kit.numbers(sent))
        assert.isTrue(lines.has("CONNECTION_FORCED"))

        // Both still hear who comes and goes.
        yield* Effect.scoped(Effect.gen(function*() {
          yield* Kit.worker(Worker.make({ nodename: "late@here", tasks: [journal.late] }), {
            ...at,
            queue: `${at.queue}.late`
          })
          yield* sees("late@here joined the party")
          yield* Kit.until("it has joined here", () => told.includes("late@here joined"))
        }))
        yield* sees("late@here left")
        yield* Kit.until("it has left here", () => told.includes("late@here left"))
        assert.isTrue(python.peer.running)
      })).pipe(Effect.provide(quiet), Effect.provideService(EventSettings.EventExchange, "celery.ev")),
    240_000
  )
})
