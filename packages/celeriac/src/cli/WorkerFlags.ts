/** The flags of `celeriac worker`: those of settings, which have one in their table, and those of the command itself. */
import type * as Setting from "@celeriac/tasks/Setting"
import * as SettingsTable from "@celeriac/tasks/SettingsTable"
import * as WorkerSettings from "@celeriac/worker/state/WorkerSettings"

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

/** Of settings, by the names that these have. */
export const ofSettings: ReadonlyMap<string, WorkerFlag> = new Map(
  Object.entries<Setting.Any>(WorkerSettings.everything).flatMap(([name, setting]) =>
    setting.flag === undefined ? [] : [[name, { ...setting.flag, doc: `${setting.doc} ${otherwise(name, setting)}` }]]
  )
)

/** What holds when the flag is not used. */
function otherwise(name: string, setting: Setting.Any): string {
  const places = [...SettingsTable.environmentOf(name, setting) ?? [], SettingsTable.defaultShown(setting)]
  return `Default: ${places.join(", else ")}`
}
