/**
 * What counts of all that was said: by the command line, by its file of
 * settings, by the environment and by the module, in this order. But for where
 * the broker is: a module that names it knows why, and is not answered by an
 * environment.
 */
import type * as BrokerSettings from "@celeriac/tasks/BrokerSettings"
import * as SettingsTable from "@celeriac/tasks/SettingsTable"
import * as WorkerSettings from "@celeriac/worker/state/WorkerSettings"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Broker from "../../Broker.ts"
import * as Environment from "../../internal/Environment.ts"
import type { Globals } from "../flags/Globals.ts"
import { because, type CliFailure } from "../output/CliFailure.ts"
import * as Preloads from "./Preloads.ts"

/** What was said outside of the module. */
export interface Chosen {
  readonly flagged: WorkerSettings.Everything
  readonly filed: WorkerSettings.Everything
  readonly environment: WorkerSettings.Everything
  /** By options that the module itself adds to commands: they count as what it says. */
  readonly preloaded: WorkerSettings.Everything
}

export const read = (
  { config, settings }: Pick<Globals, "config" | "settings">
): Effect.Effect<Chosen, CliFailure> =>
  Effect.gen(function*() {
    const environment = yield* Effect.mapError(Environment.read, (error) => because(error.message))
    const file = Option.getOrUndefined(config) ?? process.env["CELERIAC_CONFIG"] ?? ""
    const filed = file === ""
      ? {}
      : yield* Effect.flatMap(Effect.promise(() => import("./ConfigFile.ts")), ({ load }) => load(file))
    const preloaded = yield* Effect.flatMap(Preloads.Given, (given = {}) =>
      Effect.mapError(
        Effect.fromResult(SettingsTable.decode(WorkerSettings.everything, given)),
        (error) => because(error.message)
      ))
    return { flagged: settings, filed, environment, preloaded }
  })

/** What a worker, or a client, is to have otherwise. */
export const changes = ({ environment, filed, flagged, preloaded }: Chosen): WorkerSettings.Everything => {
  const { brokerUrl: _, resultBackend: __, ...given } = { ...preloaded, ...environment, ...filed, ...flagged }
  return given
}

export interface Place {
  readonly brokerUrl: NonNullable<WorkerSettings.Everything["brokerUrl"]>
  readonly resultBackend: WorkerSettings.Everything["resultBackend"]
  /** Who named the broker. */
  readonly named: string
}

/** Where the broker is, and where results go. `own` is what the module says. */
export const place = ({ environment, filed, flagged, preloaded }: Chosen, own: BrokerSettings.Some): Place => {
  const all: ReadonlyArray<readonly [who: string, says: BrokerSettings.Some]> = [
    ["-b", flagged],
    ["--config", filed],
    ["the module", { ...own, ...preloaded }],
    ["the environment", environment]
  ]
  return {
    brokerUrl: all.find(([, { brokerUrl }]) => brokerUrl !== undefined)?.[1].brokerUrl ?? Broker.defaultUrl,
    resultBackend: all.find(([, { resultBackend }]) => resultBackend !== undefined)?.[1].resultBackend,
    named: all.find(([, { brokerUrl }]) => brokerUrl !== undefined)?.[0] ?? "nobody: the default"
  }
}
