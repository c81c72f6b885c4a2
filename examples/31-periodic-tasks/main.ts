/**
 * Periodic tasks: a report every weekday at 8 in Berlin, a cleanup every 10 minutes,
 * and a reminder that a handler of HTTP adds while all of it runs.
 *
 *     node_modules/.bin/node examples/31-periodic-tasks/main.ts
 *
 * Worker, scheduler and server are one process over the embedded broker. Its clock is
 * turned: from Friday to Tuesday, over the night in which Berlin's clocks are put back,
 * in a second. On RabbitMQ and by the real clock, leave out `TestClock` and take
 * `QueueStore` and `QueueLease`: then any number of such processes may run.
 */
import * as BeatSchedule from "@celeriac/beat/BeatSchedule"
import * as BeatStep from "@celeriac/beat/BeatStep"
import * as Leadership from "@celeriac/beat/Leadership"
import * as PeriodicTasks from "@celeriac/beat/PeriodicTasks"
import * as Schedule from "@celeriac/beat/Schedule"
import * as ScheduleEntry from "@celeriac/beat/ScheduleEntry"
import * as Scheduler from "@celeriac/beat/Scheduler"
import * as MemoryStore from "@celeriac/beat/stores/MemoryStore"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Broker from "celeriac/Broker"
import * as LogFormat from "celeriac/LogFormat"
import * as Task from "celeriac/Task"
import { TestClock } from "celeriac/testing"
import * as Worker from "celeriac/Worker"
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { createServer } from "node:http"

const report = Task.make("shop.report", { parameters: { of: Schema.String } })
const cleanup = Task.make("shop.cleanup")
const remind = Task.make("shop.remind", { parameters: { who: Schema.String, of: Schema.String } })

// #region entries
const entries = BeatSchedule.layer([
  ScheduleEntry.make("report", {
    signature: report.s({ of: "sales" }),
    schedule: Schedule.crontab({ hour: 8, minute: 0, dayOfWeek: "mon-fri", timeZone: "Europe/Berlin" }),
    options: { expires: "1 hour" }
  }),
  ScheduleEntry.make("cleanup", { signature: cleanup.s(), schedule: Schedule.schedule("10 minutes"), missed: "skip" })
])
// #endregion

const inBerlin = Effect.map(
  DateTime.now,
  (now) =>
    DateTime.formatIsoZoned(DateTime.setZoneNamedUnsafe(now, "Europe/Berlin")).replace(
      /T(\d\d:\d\d).*?([+-]\d\d).*/,
      " $1 $2"
    )
)

let cleanups = 0

const worker = Worker.make({
  tasks: [
    report.toLayer(({ of }) => Effect.flatMap(inBerlin, (now) => Console.log(`${now}  the report of ${of}`))),
    cleanup.toLayer(() => Effect.sync(() => void cleanups++)),
    remind.toLayer(({ of, who }) => Effect.flatMap(inBerlin, (now) => Console.log(`${now}  ${who}: ${of}`)))
  ],
  concurrency: 4,
  // Days pass quickly when nothing happens in between.
  without: ["events", "heart", "mingle", "gossip"],
  settings: { beat: true }
})

// #region http
const Routes = HttpRouter.use(Effect.fnUntraced(function*(router) {
  const tasks = yield* PeriodicTasks.PeriodicTasks
  yield* router.add(
    "PUT",
    "/reminders/:who/:hour",
    Effect.gen(function*() {
      const { hour = "", who = "" } = yield* HttpRouter.params
      yield* tasks.add(ScheduleEntry.make(`remind ${who}`, {
        signature: remind.s({ who, of: "water the plants" }),
        schedule: Schedule.crontabOf(`0 ${hour} * * *`, { timeZone: "Europe/Berlin" })
      }))
      return HttpServerResponse.empty({ status: 201 })
    }).pipe(
      Effect.catchTag("BeatError", (error) => Effect.succeed(HttpServerResponse.text(error.message, { status: 400 })))
    )
  )
}))
// #endregion

const Beat = Layer.mergeAll(BeatStep.layer, PeriodicTasks.layer).pipe(
  Layer.provide(Scheduler.layer({ maxInterval: "10 minutes" })),
  Layer.provideMerge(Layer.mergeAll(entries, MemoryStore.layer, Leadership.layerSingle))
)

const App = HttpRouter.serve(Routes, { disableLogger: true, disableListenLog: true }).pipe(
  Layer.provideMerge(worker.layer),
  Layer.provideMerge(Beat),
  Layer.provideMerge(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 })),
  Layer.provideMerge(Broker.layerMemory)
)

const program = HttpServer.addressFormattedWith(Effect.fnUntraced(function*(address) {
  const http = yield* HttpClient.HttpClient
  yield* TestClock.adjust("1 day")
  const { status } = yield* http.put(`${address}/reminders/Ada/9`)
  yield* Console.log(`${status}, by HTTP: Ada is reminded at 9`)
  yield* TestClock.adjust("3 days")
  for (const { count, entry } of yield* (yield* PeriodicTasks.PeriodicTasks).list) {
    yield* Console.log(`${entry.name}: sent ${count} times, ${entry.schedule.describe}`)
  }
  yield* Console.log(`${cleanups} cleanups have run`)
}))

// Friday, 23 October 2026, at half past 6 in Berlin.
TestClock.setTime(Date.parse("2026-10-23T04:30:00Z")).pipe(
  Effect.andThen(Effect.provide(program, App)),
  Effect.provide(Layer.merge(FetchHttpClient.layer, LogFormat.layer({ level: "warning" }))),
  Effect.provide(TestClock.layer()),
  NodeRuntime.runMain
)
