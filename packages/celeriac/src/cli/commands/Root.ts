/** `celeriac`: what its commands share. */
import * as BrokerSettings from "@celeriac/tasks/BrokerSettings"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import type { Globals } from "../flags/Globals.ts"
import * as Options from "../flags/Globals.ts"
import * as SettingFlags from "../flags/SettingFlags.ts"
import * as FlagOf from "./FlagOf.ts"

/** Before or behind the name of a command, where Celery takes them before it alone. */
export const celeriac = Command.make("celeriac").pipe(
  Command.withDescription("Workers for task queues, in TypeScript, that speak Celery's protocol."),
  Command.withSharedFlags({
    app: FlagOf.text(Options.own.app),
    brokerUrl: SettingFlags.make(BrokerSettings.table.brokerUrl, Options.ofSettings.brokerUrl),
    resultBackend: SettingFlags.make(BrokerSettings.table.resultBackend, Options.ofSettings.resultBackend),
    config: FlagOf.text(Options.own.config),
    workdir: FlagOf.text(Options.own.workdir),
    noColor: FlagOf.toggle(Options.own.noColor),
    quiet: FlagOf.toggle(Options.own.quiet)
  })
)

/** What was said of them. */
export const globals = Effect.map(
  celeriac,
  ({ brokerUrl, resultBackend, ...flags }): Globals => ({
    ...flags,
    settings: SettingFlags.given(BrokerSettings.table, { brokerUrl, resultBackend })
  })
)
