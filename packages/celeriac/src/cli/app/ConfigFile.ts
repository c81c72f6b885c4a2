/**
 * A file of settings, as `--config` names it: JSON, or a module, whose default
 * export it is or else all that it exports. Names are Celery's
 * (`task_default_queue`) or ours (`defaultQueue`), not both in one file.
 */
import * as SettingsTable from "@celeriac/tasks/SettingsTable"
import * as WorkerSettings from "@celeriac/worker/state/WorkerSettings"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { existsSync, readFileSync, statSync } from "node:fs"
import { resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { because, type CliFailure, mistaken } from "../output/CliFailure.ts"
import * as App from "./App.ts"

export const load = Effect.fnUntraced(
  function*(name: string): Effect.fn.Return<WorkerSettings.Everything, CliFailure> {
    const file = ["", ".ts", ".mts", ".js", ".mjs", ".json"].map((ending) => resolve(`${name}${ending}`))
      .find((path) => existsSync(path) && statSync(path).isFile())
    if (file === undefined) {
      return yield* Effect.fail(
        mistaken(
          `there is no file of settings '${name}' (looked for ${
            resolve(name)
          }). --config takes the path of a module or of a JSON file, such as --config ./celeryconfig.json`
        )
      )
    }
    const given = yield* Effect.tryPromise({
      try: async () => file.endsWith(".json") ? JSON.parse(readFileSync(file, "utf8")) : tableOf(await importing(file)),
      catch: (error) => App.notLoaded(file, error)
    })
    if (typeof given !== "object" || given === null || Array.isArray(given)) {
      return yield* Effect.fail(
        because(`${App.shown(file)} holds no settings: write { "task_default_queue": "emails" }`)
      )
    }
    return yield* Effect.mapError(
      Effect.fromResult(read(given)),
      (error) => because(`${App.shown(file)}: ${error.message}`)
    )
  }
)

const importing = (file: string): Promise<App.Exports> => import(pathToFileURL(file).href)

const tableOf = (exports: App.Exports): unknown => exports["default"] ?? { ...exports }

const table = WorkerSettings.everything

/** By whose names there are more of; the mistakes are told by those. */
const read = (given: Readonly<Record<string, unknown>>) => {
  const names = Object.keys(given)
  const ours = names.filter((name) => Object.hasOwn(table, name)).length
  const isCelerys = (name: string) => !Object.hasOwn(table, name)
  return ours > names.length / 2 || (ours > 0 && !names.some((name) => isCelerys(name) && name.includes("_")))
    ? SettingsTable.decode(table, given)
    : Result.map(SettingsTable.fromCelery(table, given), (some) => some)
}
