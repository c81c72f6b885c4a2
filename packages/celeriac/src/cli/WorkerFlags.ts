/** The flags of `celeriac worker`: those of settings, which have one in their table, and those of the command itself. */
import type * as Setting from "@celeriac/tasks/Setting"
import * as WorkerSettings from "@celeriac/worker/state/WorkerSettings"
import * as SettingFlag from "./SettingFlag.ts"

/** Of the command itself. */
export const own = {
  loglevel: {
    name: "loglevel",
    alias: "l",
    metavar: "LEVEL",
    doc: "The lowest level to log. At warning, the worker still says when it is ready"
  },
  jsonLogs: { name: "json-logs", doc: "Log one JSON object a line" }
} as const

/** Of settings, by the names that these have: the one flag that takes a value, or switches. */
export const ofSettings: ReadonlyMap<string, ReadonlyArray<SettingFlag.SettingFlag>> = new Map(
  Object.entries<Setting.Any>(WorkerSettings.everything).flatMap(([name, setting]) => {
    const flags = SettingFlag.of(name, setting)
    return flags.length === 0 ? [] : [[name, flags]]
  })
)
