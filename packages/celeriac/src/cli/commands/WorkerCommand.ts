/** `celeriac worker`: its flags, most of them settings. What it does is loaded when it is run. */
import * as WorkerSettings from "@celeriac/worker/state/WorkerSettings"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import { levels } from "../../LogFormat.ts"
import * as SettingFlags from "../SettingFlags.ts"
import { own } from "../WorkerFlags.ts"
import { globals } from "./Root.ts"

/** Where the broker is all commands ask. */
const { brokerUrl: _, resultBackend: __, ...table } = WorkerSettings.everything

const flags = {
  settings: SettingFlags.of(table),
  loglevel: Flag.Literals(own.loglevel.name, levels).pipe(
    Flag.withAlias(own.loglevel.alias),
    Flag.withDescription(own.loglevel.doc),
    Flag.withDefault("warning")
  ),
  jsonLogs: Flag.Boolean(own.jsonLogs.name).pipe(Flag.withDescription(own.jsonLogs.doc), Flag.withDefault(false))
}

export const worker = Command.make("worker", flags, (flags) =>
  Effect.gen(function*() {
    const { app, ...shared } = yield* globals
    const { start } = yield* Effect.promise(() => import("../Start.ts"))
    const settings = { ...shared.settings, ...SettingFlags.given(table, flags.settings) }
    yield* start(app, { ...shared, ...flags, settings, own: {} })
  })).pipe(
    Command.withDescription(
      "Runs a worker until it is told to stop. SIGTERM, or Ctrl+C, lets running tasks finish; the second one, or SIGQUIT, does not. SIGHUP starts it again."
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
