/** The flags of `celeriac worker`: those of settings, which have one in their table, and those of the command itself. */
import type * as Setting from "@celeriac/tasks/Setting"
import * as WorkerSettings from "@celeriac/worker/state/WorkerSettings"
import * as DaemonFlags from "../daemon/DaemonFlags.ts"
import * as SettingFlag from "../flags/SettingFlag.ts"

/** Of the command itself. */
export const own = {
  loglevel: {
    name: "loglevel",
    alias: "l",
    metavar: "LEVEL",
    doc: "The lowest level to log. At warning, the worker still says when it is ready. Default: warning"
  },
  jsonLogs: { name: "json-logs", doc: "Log one JSON object a line" },
  purge: {
    name: "purge",
    doc: "Throw away what waits in the queues before anything is consumed: there is no way back"
  },
  discard: { name: "discard", doc: "The same as --purge" },
  optimization: {
    name: "optimization",
    alias: "O",
    metavar: "PROFILE",
    doc:
      "`fair` or `default`, which is fair here too: a task waits for a slot that is free, and for no other. Default: default"
  },
  ...DaemonFlags.own
} as const

/** How tasks are given to slots, in Celery's words. */
export const profiles = ["default", "fair"] as const

/** Of settings, by the names that these have: the one flag that takes a value, or switches. */
export const ofSettings: ReadonlyMap<string, ReadonlyArray<SettingFlag.SettingFlag>> = new Map(
  Object.entries<Setting.Any>(WorkerSettings.everything).flatMap(([name, setting]) => {
    const flags = SettingFlag.of(name, setting)
    return flags.length === 0 ? [] : [[name, flags]]
  })
)
