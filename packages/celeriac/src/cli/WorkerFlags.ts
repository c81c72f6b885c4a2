/** The flags of `celeriac worker`: those of settings, which have one in their table, and those of the command itself. */
import type * as Setting from "@celeriac/tasks/Setting"
import * as SettingsTable from "@celeriac/tasks/SettingsTable"
import * as WorkerSettings from "@celeriac/worker/state/WorkerSettings"
import * as Result from "effect/Result"

/** How a flag is written, and what it says in the help. */
export interface WorkerFlag {
  readonly name: string
  readonly alias?: string | undefined
  /** What stands for its value; a switch has none. */
  readonly metavar?: string | undefined
  readonly doc: string
}

/** Of the command itself. */
export const own = {
  loglevel: {
    name: "loglevel",
    alias: "l",
    metavar: "LEVEL",
    doc: "The lowest level to log. At warning, the worker still says when it is ready"
  },
  jsonLogs: { name: "json-logs", doc: "Log one JSON object a line" },
  noColor: { name: "no-color", doc: "No colours, on a terminal too; so does NO_COLOR" }
} as const

/** Of settings, by the names that these have: the one flag that takes a value, or switches. */
export const ofSettings: ReadonlyMap<string, ReadonlyArray<WorkerFlag>> = new Map(
  Object.entries<Setting.Any>(WorkerSettings.everything).flatMap(([name, setting]) => {
    const flags = flagsOf(name, setting)
    return flags.length === 0 ? [] : [[name, flags]]
  })
)

function flagsOf(name: string, setting: Setting.Any): ReadonlyArray<WorkerFlag> {
  const { flag, switches } = setting
  if (switches !== undefined) return switches
  return flag === undefined ? [] : [{ ...flag, doc: `${setting.doc} ${otherwise(name, setting)}` }]
}

/** What switches of one setting say together. */
export const switched = (setting: Setting.Any, switches: ReadonlyArray<Setting.Switch>): unknown =>
  // The table says it, and its test that it fits.
  Result.getOrThrow(SettingsTable.fromText(setting, "switches", switches.map(({ says }) => says).join(",")))

/** What holds when the flag is not used. */
function otherwise(name: string, setting: Setting.Any): string {
  const places = [...SettingsTable.environmentOf(name, setting) ?? [], SettingsTable.defaultShown(setting)]
  return `Default: ${places.join(", else ")}`
}
