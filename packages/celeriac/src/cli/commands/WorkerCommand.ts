/** `celeriac worker`: its flags, most of them settings. What it does is loaded when it is run. */
import * as WorkerSettings from "@celeriac/worker/state/WorkerSettings"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { levels } from "../../LogFormat.ts"
import * as App from "../app/App.ts"
import * as Globals from "../flags/Globals.ts"
import * as SettingFlags from "../flags/SettingFlags.ts"
import * as OwnFlags from "../worker/OwnFlags.ts"
import { ofSettings, own, profiles } from "../worker/WorkerFlags.ts"
import * as FlagOf from "./FlagOf.ts"
import { globals } from "./Root.ts"

/** Where the broker is all commands ask. */
const { brokerUrl: _, resultBackend: __, ...table } = WorkerSettings.everything

const flags = {
  settings: SettingFlags.of(table),
  loglevel: Flag.Literals(own.loglevel.name, levels).pipe(
    Flag.withMetavar(own.loglevel.metavar),
    Flag.withAlias(own.loglevel.alias),
    Flag.withDescription(own.loglevel.doc),
    Flag.withDefault("warning")
  ),
  jsonLogs: FlagOf.toggle(own.jsonLogs),
  purge: FlagOf.toggle(own.purge),
  discard: FlagOf.toggle(own.discard),
  optimization: Flag.Literals(own.optimization.name, profiles).pipe(
    Flag.withMetavar(own.optimization.metavar),
    Flag.withAlias(own.optimization.alias),
    Flag.withDescription(own.optimization.doc),
    Flag.withDefault("default")
  ),
  ...FlagOf.daemon
}

/** With the options of the steps of a worker that these exports have. */
export const make = (exports: App.Exports) => command({ ...flags, own: ownOf(exports) })

/** By the names behind the dashes. */
const ownOf = (exports: App.Exports): Readonly<Record<string, Own>> => {
  const known = [...Array.from(ofSettings.values()).flat(), ...Object.values(own), ...Object.values(Globals.own)]
  const taken = new Set(known.map(({ name }) => name))
  const worker = App.workerOf(exports)
  const options = worker === undefined ? [] : OwnFlags.listed(worker)
  return Object.fromEntries(
    options.filter(({ name }) => !taken.has(name)).map(({ doc, isSwitch, name }) => {
      const flag: Flag.Flag<string | boolean> = isSwitch ? Flag.Boolean(name) : Flag.String(name)
      return [name, Flag.optional(Flag.withDescription(flag, doc))]
    })
  )
}

type Own = Flag.Flag<Option.Option<string | boolean>>

/** As their flags read them. */
type Said = Readonly<Record<string, Option.Option<string | boolean>>>

/** What was said of them. */
const saidOf = (given: Said): OwnFlags.Said =>
  Object.fromEntries(
    Object.entries(given).flatMap(([name, value]): ReadonlyArray<readonly [string, string | true]> =>
      Option.isNone(value) ? [] : [value.value === false ? [`no-${name}`, true] : [name, value.value]]
    )
  )

type Flags = typeof flags & { readonly own: Readonly<Record<string, Own>> }

const command = (flags: Flags) =>
  Command.make("worker", flags, ({ discard, own, ...flags }) =>
    Effect.gen(function*() {
      const { app, ...shared } = yield* globals
      const { start } = yield* Effect.promise(() => import("../worker/Start.ts"))
      const settings = { ...shared.settings, ...SettingFlags.given(table, flags.settings) }
      yield* start(app, {
        ...shared,
        ...flags,
        purge: flags.purge || discard,
        settings,
        own: saidOf(own as Said) // no type says it of names that only the module knows
      })
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
