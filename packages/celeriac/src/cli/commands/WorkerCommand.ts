/** `celeriac worker`: its flags. What it does is loaded when it is run. */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import { levels } from "../../LogFormat.ts"
import { celeriac } from "./Root.ts"

export const worker = Command.make("worker", {
  queues: Flag.String("queues").pipe(
    Flag.withAlias("Q"),
    Flag.withMetavar("NAMES"),
    Flag.withDescription("Queues to consume from, separated by commas. Default: those of the worker"),
    Flag.map((text) => text.split(",").map((name) => name.trim()).filter((name) => name !== "")),
    Flag.filter((names) => names.length > 0, () => "--queues names no queue"),
    Flag.optional
  ),
  concurrency: Flag.Int("concurrency").pipe(
    Flag.withAlias("c"),
    Flag.withMetavar("N"),
    Flag.withDescription("How many tasks run at once. Default: the number of processors"),
    Flag.filter((slots) => slots >= 1, (slots) => `--concurrency must be at least 1, and is ${slots}`),
    Flag.optional
  ),
  hostname: Flag.String("hostname").pipe(
    Flag.withAlias("n"),
    Flag.withMetavar("NAME"),
    Flag.withDescription("The name of the node, such as w1@%h: %h is the host, %n its first label, %d its domain"),
    Flag.optional
  ),
  loglevel: Flag.Literals("loglevel", levels).pipe(
    Flag.withAlias("l"),
    Flag.withDescription("The lowest level to log. At warning, the worker still says when it is ready"),
    Flag.withDefault("warning")
  ),
  broker: Flag.Redacted("broker").pipe(
    Flag.withAlias("b"),
    Flag.withMetavar("URL"),
    Flag.withDescription("Default: CELERIAC_BROKER_URL or CELERY_BROKER_URL, else amqp://guest:guest@localhost:5672//"),
    Flag.optional
  ),
  resultBackend: Flag.Redacted("result-backend").pipe(
    Flag.withMetavar("URL"),
    Flag.withDescription(
      "Where results go: rpc://, memory:// or disabled://. Default: CELERIAC_RESULT_BACKEND or CELERY_RESULT_BACKEND, else rpc://"
    ),
    Flag.optional
  ),
  prefetchMultiplier: Flag.Int("prefetch-multiplier").pipe(
    Flag.withMetavar("N"),
    Flag.withDescription("Messages to hold for each slot; 0 is without bound. Default: adapts to how fast tasks are"),
    Flag.filter((count) => count >= 0, (count) => `--prefetch-multiplier must not be negative, and is ${count}`),
    Flag.optional
  ),
  jsonLogs: Flag.Boolean("json-logs").pipe(Flag.withDescription("Log one JSON object a line"), Flag.withDefault(false)),
  noColor: Flag.Boolean("no-color").pipe(
    Flag.withDescription("No colours, on a terminal too; so does NO_COLOR"),
    Flag.withDefault(false)
  )
}, (flags) =>
  Effect.gen(function*() {
    const { app } = yield* celeriac
    const { start } = yield* Effect.promise(() => import("../Start.ts"))
    yield* start(app, flags)
  })).pipe(
    Command.withDescription(
      "Runs a worker until it is told to stop. SIGTERM, or Ctrl+C, lets running tasks finish; the second one, or SIGQUIT, does not."
    ),
    Command.withShortDescription("Run a worker"),
    Command.withExamples([
      { command: "celeriac worker -A ./worker.ts -l info", description: "Show every task" },
      {
        command: "celeriac worker -A ./worker.ts -Q emails,default -c 8 -n w1@%h",
        description: "Two queues, eight slots"
      },
      {
        command: "celeriac worker -A ./worker.ts -b amqp://user:password@rabbit:5672/vhost",
        description: "Another broker"
      }
    ])
  )
