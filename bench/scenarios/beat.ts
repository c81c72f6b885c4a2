/**
 * A scheduler: what its entries take, what a tick costs, and how late it sends.
 *
 * `tick` has so many entries, of which 1,000 are due each second, over a client that
 * sends nothing: CPU per slot, and memory per entry. `idle` has them due tomorrow, and
 * says when it is up, `idle-queue` kept by RabbitMQ, over which it leads, too. `lag` sends 1,000 a second over RabbitMQ, one each millisecond,
 * with the schedule kept in memory, `lag-queue` by RabbitMQ too; `lag-burst` all thousand
 * in the same one.
 */
import * as BeatSchedule from "@celeriac/beat/BeatSchedule"
import * as Leadership from "@celeriac/beat/Leadership"
import * as QueueLease from "@celeriac/beat/leases/QueueLease"
import * as Schedule from "@celeriac/beat/Schedule"
import * as ScheduleEntry from "@celeriac/beat/ScheduleEntry"
import * as Scheduler from "@celeriac/beat/Scheduler"
import { ScheduleStore } from "@celeriac/beat/ScheduleStore"
import * as MemoryStore from "@celeriac/beat/stores/MemoryStore"
import * as QueueStore from "@celeriac/beat/stores/QueueStore"
import * as Client from "@celeriac/tasks/Client"
import * as Signature from "@celeriac/tasks/Signature"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as References from "effect/References"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { queue } from "./message.ts"
import { percentiles } from "./Meter.ts"
import { disabled, total } from "./Setup.ts"

const [scenario = ""] = process.argv.slice(2)

const perSecond = 1000
const second = 1000

/** The first thousand each second, one each millisecond; the others tomorrow. */
const entryOf = (n: number, every: number) =>
  ScheduleEntry.make(`entry-${n}`, {
    signature: Signature.make("bench.noop", { args: [n, 0], queue }),
    schedule: Schedule.schedule(every),
    missed: { all: 10_000 }
  })

setFlagsFromString("--expose_gc")
const collect: () => void = runInNewContext("gc")

const live = (): number => {
  collect()
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return arrayBuffers + heapUsed
}

const isIdle = scenario.startsWith("idle")
const isBurst = scenario === "lag-burst"

/** Slots that came and are past, by how late they were sent, and confirmed by the broker. */
const handed: Array<number> = []
const confirmed: Array<number> = []
const start = Date.now() + 2 * second
const counts = new Map<number, number>()

const lateOf = (n: number): number => Date.now() - (start + (isBurst ? 0 : n) + counts.get(n)! * second)

const counting = (client: Client.Client["Service"]): Client.Client["Service"] => ({
  ...client,
  applyAsync: ((task: Signature.Any, args: never, call: never) =>
    Effect.suspend(() => {
      const n = numberOf(task)
      counts.set(n, (counts.get(n) ?? 0) + 1)
      handed.push(lateOf(n))
      return Effect.tap(client.applyAsync(task, args, call), () => Effect.sync(() => confirmed.push(lateOf(n))))
    })) as never // its types are the client's
})

const numberOf = (task: Signature.Any): number => Number(task.toJSON().args?.[0])

const nowhere = Layer.succeed(
  Client.Client,
  { applyAsync: () => Effect.undefined } as unknown as Client.Client["Service"] // what a scheduler uses of it
)

const run = Effect.gen(function*() {
  const isLag = scenario.startsWith("lag")
  const before = live()
  const many = Array.from(
    { length: isLag ? perSecond : total },
    (_, n) => entryOf(n, !isIdle && n < perSecond ? second : 86_400_000)
  )
  const store = scenario.endsWith("-queue") ? yield* QueueStore.make({ queue: "bench.beat" }) : yield* MemoryStore.make
  yield* store.advance(
    many.map(({ name }, n) => [name, { last: n < perSecond && !isBurst ? start + n : start, count: 0 }])
  )
  const client = isLag ? Layer.effect(Client.Client, Effect.map(Client.make, counting)) : nowhere
  const lease = scenario === "idle-queue" ? QueueLease.layer({ queue: "bench.lease" }) : Leadership.layerSingle
  const beat = Scheduler.layer().pipe(
    Layer.provide(client),
    Layer.provide([BeatSchedule.layer(many), Layer.succeed(ScheduleStore, store), lease])
  )
  const scheduler = yield* Effect.provide(Scheduler.Scheduler, beat)
  yield* Effect.forkScoped(scheduler.run)
  yield* Effect.sleep(2 * second + second)
  if (isLag) {
    const cpu = process.cpuUsage()
    const before = handed.length
    yield* Effect.sleep((total / perSecond) * second + second)
    const { system, user } = process.cpuUsage(cpu)
    // The first connect, and are run by an interpreter.
    const of = (late: ReadonlyArray<number>) =>
      percentiles(late.length > 5 * perSecond ? late.slice(3 * perSecond) : late)
    const [sent, taken] = [of(handed), of(confirmed)]
    return console.log(JSON.stringify({
      p50: sent.p50,
      p99: sent.p99,
      confirmed50: taken.p50,
      confirmed99: taken.p99,
      cpuMicros: (system + user) / (handed.length - before)
    }))
  }
  if (isIdle) {
    console.log(JSON.stringify({ ready: 1 }))
    return yield* Effect.never
  }
  const bytes = (live() - before) / total
  const [cpu, sent] = [process.cpuUsage(), (yield* scheduler.health).sent]
  yield* Effect.sleep(5 * second)
  const { system, user } = process.cpuUsage(cpu)
  const slots = (yield* scheduler.health).sent - sent
  console.log(JSON.stringify({ bytes, cpuMicros: (system + user) / slots, slots }))
})

Effect.runFork(
  run.pipe(
    Effect.scoped,
    Effect.provide(disabled),
    Effect.provideService(References.MinimumLogLevel, "Fatal"),
    Effect.andThen(Effect.sync(() => process.exit(0)))
  )
)
