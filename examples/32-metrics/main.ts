/**
 * What a worker has done, for Prometheus: counters and a histogram that an
 * observer fills, and a page that Prometheus asks for.
 *
 *     node_modules/.bin/node examples/32-metrics/main.ts
 *
 * Here the program runs three tasks, asks for the page once, and ends; a worker
 * ends with `Layer.launch(App).pipe(NodeRuntime.runMain)` instead.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Broker from "celeriac/Broker"
import * as Client from "celeriac/Client"
import * as LogFormat from "celeriac/LogFormat"
import * as RequestObserver from "celeriac/RequestObserver"
import * as Task from "celeriac/Task"
import * as Worker from "celeriac/Worker"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics"
import * as Schema from "effect/Schema"
import { createServer } from "node:http"

const brew = Task.make("tea.brew", { parameters: { cups: Schema.Int }, success: Schema.String })

const BrewLive = brew.toLayer(({ cups }) =>
  cups > 9 ? Effect.die(new RangeError("the pot is too small")) : Effect.succeed(`${cups} cups`)
)

// #region metrics
const ended = Metric.counter("celeriac_tasks_ended_total", { incremental: true })
const runtime = Metric.histogram("celeriac_task_runtime_seconds", { boundaries: [0.01, 0.1, 1, 10, 60] })

/** Around a worker, or as the export `settings` of the module that `celeriac worker -A` runs. */
const Metrics = RequestObserver.layerEffect(Effect.map(Effect.context<never>(), (context) => ({
  ended: ({ name, timeStart }, outcome, now) => {
    Metric.withAttributes(ended, { task: name, outcome: outcome._tag }).updateUnsafe(1, context)
    if (timeStart !== undefined) {
      Metric.withAttributes(runtime, { task: name }).updateUnsafe((now - timeStart) / 1000, context)
    }
  }
})))

const App = HttpRouter.serve(PrometheusMetrics.layerHttp({ path: "/metrics" }), {
  disableLogger: true,
  disableListenLog: true
}).pipe(
  Layer.provideMerge(Worker.make({ tasks: [BrewLive] }).layer),
  Layer.provideMerge(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 })),
  Layer.provide(Metrics),
  Layer.provideMerge(Broker.layerMemory)
)
// #endregion

const program = HttpServer.addressFormattedWith(Effect.fnUntraced(function*(address) {
  const client = yield* Client.Client
  for (const cups of [1, 2, 12]) yield* Effect.exit(client.execute(brew, { cups }))
  const page = yield* Effect.flatMap(HttpClient.get(`${address}/metrics`), ({ text }) => text)
  yield* Console.log(page.split("\n").filter((line) => /_total|_count/.test(line)).sort().join("\n"))
}))

program.pipe(
  Effect.provide(App),
  Effect.provide(Layer.merge(FetchHttpClient.layer, LogFormat.layer({ level: "critical" }))),
  NodeRuntime.runMain
)
