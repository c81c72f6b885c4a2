/** A scheduler as a process of its own: a broker, a queue that leads, a file of SQLite, and entries due each second. */
import * as AmqpTransport from "@celeriac/amqp/AmqpTransport"
import * as Producer from "@celeriac/messaging/Producer"
import * as Client from "@celeriac/tasks/Client"
import * as DisabledBackend from "@celeriac/tasks/result/backends/DisabledBackend"
import * as Signature from "@celeriac/tasks/Signature"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as BeatSchedule from "../../src/BeatSchedule.ts"
import * as QueueLease from "../../src/leases/QueueLease.ts"
import * as Schedule from "../../src/Schedule.ts"
import * as ScheduleEntry from "../../src/ScheduleEntry.ts"
import * as Scheduler from "../../src/Scheduler.ts"
import * as SqlStore from "../../src/stores/SqlStore.ts"
import * as sqlite from "../fixtures/sqlite.ts"

const [url = "", leaseQueue = "", taskQueue = "", file = ""] = process.argv.slice(2)

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
  Layer.provideMerge(AmqpTransport.layer({ url, heartbeat: "2 seconds" }))
)

const scheduler = Scheduler.layer().pipe(
  Layer.provide(QueueLease.layer({ queue: leaseQueue })),
  Layer.provide([broker, entries, SqlStore.layer().pipe(Layer.provide(sqlite.layer(file)))])
)

// What is written tells the test who leads.
const lines = Logger.layer([Logger.make(({ message }) => void process.stdout.write(`${String(message)}\n`))])

Effect.flatMap(Scheduler.Scheduler, ({ run }) => run).pipe(
  Effect.provide(scheduler),
  Effect.provide(lines),
  NodeRuntime.runMain
)
