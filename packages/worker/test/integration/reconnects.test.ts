/**
 * Workers with all their steps, whose connections are cut again and again:
 * nothing is left of any of them, and no task runs twice.
 *
 * A consumer that was up for a second is built anew after the shortest pause, so
 * one worker reconnects every second and a half; several do so here.
 * `RECONNECTS` says how many times in all.
 */
import * as AmqpTransport from "@celeriac/amqp/AmqpTransport"
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import * as RemoteControl from "@celeriac/tasks/control/RemoteControl"
import { Gossip } from "@celeriac/worker/consumer/Gossip"
import { Tasks } from "@celeriac/worker/consumer/Tasks"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { Socket } from "node:net"
import { queryObjects } from "node:v8"
import { FaultProxy } from "../../../../test/peers/FaultProxy.ts"
import { RabbitMq } from "../../../../test/peers/RabbitMq.ts"
import { Lines } from "../support.ts"
import * as Kit from "./Kit.ts"

const workers = 8
const rounds = Math.ceil(Number(process.env["RECONNECTS"] ?? 100) / workers)

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

describe("workers that lose their connections again and again", () => {
  it.live(
    "leave nothing behind, answer, and run each task once",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const broker = yield* Effect.acquireRelease(
          Effect.promise(() => RabbitMq.start()),
          (broker) => Effect.promise(() => broker.stop())
        )
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
        const { ping } = Context.get(
          yield* Layer.build(Layer.orDie(RemoteControl.layer.pipe(Layer.provide(AmqpTransport.layer(at))))),
          RemoteControl.RemoteControl
        )
        const ctl = (...args: ReadonlyArray<string>) =>
          Effect.map(Effect.promise(() => broker.rabbitmqctl(...args)), (out) => out.trim().split("\n").length)
        const atBroker = Effect.all([
          ctl("list_connections", "pid"),
          ctl("list_channels", "pid"),
          ctl("list_consumers", "queue_name")
        ])
        let sent = 0
        const round = Effect.gen(function*() {
          const before = Math.min(...ups)
          yield* Effect.forEach(
            [...queues, ...queues],
            (queue) => client.applyAsync(Kit.step, { n: sent++, millis: 50 }, { ignoreResult: true, queue })
          )
          network.reset()
          yield* Kit.until("all are up again", () => ups.every((count) => count > before), 20_000)
          // Until all count as having held: the next pause is the shortest again.
          yield* Effect.sleep("1050 millis")
        })
        const quiet = Kit.until(
          "all has run",
          () => journal.ends.length >= sent,
          20_000,
          () => `${journal.ends.length} of ${sent}`
        )
        const fiber = yield* Effect.flatMap(Effect.forkChild(Effect.void), (one) => Effect.as(Fiber.await(one), one))

        yield* Effect.replicateEffect(round, 3)
        yield* ping({ destination: names })
        yield* quiet
        const [before, brokerBefore] = [census(fiber.constructor), yield* atBroker]
        const start = yield* Clock.currentTimeMillis
        yield* Effect.replicateEffect(round, rounds)
        const seconds = ((yield* Clock.currentTimeMillis) - start) / 1000
        yield* quiet

        const answers = yield* ping({ destination: names })
        assert.sameMembers(Object.keys(answers), names)
        assert.deepStrictEqual(journal.starts.toSorted((a, b) => a - b), Kit.numbers(sent))
        // What was cut may still be closing: it goes by itself, or it is a leak.
        let after = census(fiber.constructor)
        const isReleased = () => {
          after = census(fiber.constructor)
          return after.fibers <= before.fibers + 20 && after.sockets <= before.sockets + 4
        }
        yield* Kit.until("what was cut is released", isReleased, 15_000, () => JSON.stringify({ before, after }))
        const brokerAfter = yield* atBroker
        const told = JSON.stringify({ reconnects: ups, seconds, before, after, brokerBefore, brokerAfter })
        if (process.env["RECONNECTS"] !== undefined) console.log(told)
        assert.deepStrictEqual([brokerAfter[0], brokerAfter[2]], [brokerBefore[0], brokerBefore[2]], told)
        // One of each worker may be on its way, at either count.
        assert.isAtMost(brokerAfter[1], brokerBefore[1] + workers, told)
        assert.isAtMost(after.timers, before.timers + 6, told)
        assert.isBelow(after.heap - before.heap, 8 * 1024 * 1024, told)
      })),
    150_000
  )
})
