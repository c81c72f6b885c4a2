/** `celeriac`: what its commands share. */
import * as BrokerSettings from "@celeriac/tasks/BrokerSettings"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import type { Globals } from "../Globals.ts"
import * as Options from "../Globals.ts"
import type * as SettingFlag from "../SettingFlag.ts"
import * as SettingFlags from "../SettingFlags.ts"

const text = ({ alias, doc, metavar = "", name }: SettingFlag.SettingFlag) => {
  const flag = Flag.String(name).pipe(Flag.withMetavar(metavar), Flag.withDescription(doc), Flag.optional)
  return alias === undefined ? flag : Flag.withAlias(flag, alias)
}

const toggle = ({ alias, doc, name }: SettingFlag.SettingFlag) => {
  const flag = Flag.Boolean(name).pipe(Flag.withDescription(doc), Flag.withDefault(false), Flag.withoutNegation)
  return alias === undefined ? flag : Flag.withAlias(flag, alias)
}

/** Before or behind the name of a command, where Celery takes them before it alone. */
export const celeriac = Command.make("celeriac").pipe(
  Command.withDescription("Workers for task queues, in TypeScript, that speak Celery's protocol."),
  Command.withSharedFlags({
    app: text(Options.own.app),
    brokerUrl: SettingFlags.make(BrokerSettings.table.brokerUrl, Options.ofSettings.brokerUrl),
    resultBackend: SettingFlags.make(BrokerSettings.table.resultBackend, Options.ofSettings.resultBackend),
    config: text(Options.own.config),
    workdir: text(Options.own.workdir),
    noColor: toggle(Options.own.noColor),
    quiet: toggle(Options.own.quiet)
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
