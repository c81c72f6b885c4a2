/**
 * A scheduler as a process of its own: a broker, a queue that leads, a schedule in a file
 * of SQLite or in a queue, and entries due each second. SIGUSR2 sets its clock: 20
 * seconds forward, then 20 seconds back, then right. After SIGHUP it keeps no more how
 * far it has come.
 */
import * as AmqpTransport from "@celeriac/amqp/AmqpTransport"
import * as Entity from "@celeriac/messaging/Entity"
import * as Producer from "@celeriac/messaging/Producer"
import * as Client from "@celeriac/tasks/Client"
import * as Queues from "@celeriac/tasks/Queues"
import * as DisabledBackend from "@celeriac/tasks/result/backends/DisabledBackend"
import * as Signature from "@celeriac/tasks/Signature"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as BeatSchedule from "../../src/BeatSchedule.ts"
import * as QueueLease from "../../src/leases/QueueLease.ts"
import * as Schedule from "../../src/Schedule.ts"
import * as ScheduleEntry from "../../src/ScheduleEntry.ts"
import * as Scheduler from "../../src/Scheduler.ts"
import { ScheduleStore } from "../../src/ScheduleStore.ts"
import * as QueueStore from "../../src/stores/QueueStore.ts"
import * as SqlStore from "../../src/stores/SqlStore.ts"
import * as sqlite from "../fixtures/sqlite.ts"

const [url = "", leaseQueue = "", taskQueue = "", place = ""] = process.argv.slice(2)

/** `sqlite=FILE`, or `queue=NAME`: then that of the tasks is a quorum queue, too. */
const [kind, name = ""] = place.split("=")
const queues = Layer.succeed(
  Queues.Configured,
  kind === "queue" ? [Entity.queue(taskQueue, { type: "quorum" })] : []
)

const entries = BeatSchedule.layer(["a", "b", "c"].map((name) =>
  ScheduleEntry.make(name, {
    signature: Signature.make(`proj.${name}`),
    schedule: Schedule.schedule("1 second"),
    options: { queue: taskQueue },
    missed: { all: 1000 }
  })
))

const broker = Client.layer.pipe(
  Layer.provideMerge(DisabledBackend.layer),
  Layer.provideMerge(Producer.layer()),
  Layer.provideMerge(AmqpTransport.layer({ url: url.split(";"), heartbeat: "2 seconds" })),
  Layer.provideMerge(queues)
)

let forgets = false
process.on("SIGHUP", () => {
  forgets = true
  process.stdout.write("nothing is kept any more\n")
})
const store = Layer.effect(
  ScheduleStore,
  Effect.map(ScheduleStore, (store) => ({
    ...store,
    advance: (progress) => Effect.suspend(() => forgets ? Effect.never : store.advance(progress))
  }))
).pipe(Layer.provide(
  kind !== "sqlite"
    ? QueueStore.layer({ queue: name })
    : SqlStore.layer().pipe(Layer.provide(sqlite.layer(name)))
))

const scheduler = Scheduler.layer().pipe(
  Layer.provide(QueueLease.layer({ queue: leaseQueue })),
  Layer.provide([entries, store]),
  Layer.provide(broker)
)

/** A clock that somebody sets. */
const offsets = [20_000, -20_000, 0]
let offset = 0
process.on("SIGUSR2", () => {
  offset = offsets.shift() ?? 0
  process.stdout.write(`clock: ${offset}\n`)
})
const clock = Layer.effect(
  Clock.Clock,
  Effect.map(Clock.Clock, (clock): Clock.Clock => ({
    currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() + offset,
    currentTimeMillis: Effect.map(clock.currentTimeMillis, (now) => now + offset),
    currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe() + BigInt(offset) * 1_000_000n,
    currentTimeNanos: Effect.map(clock.currentTimeNanos, (now) => now + BigInt(offset) * 1_000_000n),
    monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: clock.monotonicTimeNanos,
    sleep: (duration) => clock.sleep(duration)
  }))
)

// What is written tells the test who leads.
const lines = Logger.layer([Logger.make(({ message }) => void process.stdout.write(`${String(message)}\n`))])

Effect.flatMap(Scheduler.Scheduler, ({ run }) => run).pipe(
  Effect.provide(scheduler),
  Effect.provide(clock),
  Effect.provide(lines),
  NodeRuntime.runMain
)
