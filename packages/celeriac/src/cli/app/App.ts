/**
 * Loads the module that a user names with `-A`, and finds the worker in it.
 *
 * It may be TypeScript, which Node runs by leaving the types out, or
 * JavaScript. The worker is its default export or the one named `worker`: what
 * `Worker.make(...)` gives, or `app.worker(...)` of `celeriac/promise`. An
 * export named `settings`, a layer that needs nothing, is put around worker
 * and broker.
 */
import { maskIn } from "@celeriac/messaging/MaskedUri"
import * as Worker from "@celeriac/worker/Worker"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { existsSync, statSync } from "node:fs"
import { relative, resolve } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import type { Broker } from "../../Broker.ts"
import type { AppBroker } from "../../promise/PromiseWorker.ts"
import { because, type CliFailure, mistaken } from "../output/CliFailure.ts"
import { builtOf } from "./Version.ts"

export interface App {
  /** Where it is. */
  readonly file: string
  readonly worker: Worker.Definition<unknown, Broker>
  /** That of an application of promises, whose tasks are sent to it as well. */
  readonly broker: AppBroker | undefined
  readonly settings: Layer.Layer<never>
  /** All that it exports: commands of its own are there too. */
  readonly exports: Exports
}

/** How the worker is found, by what the command line names: as a file, but in what `celeriac build` made it is at hand. */
export const Loader: Context.Reference<(app: Option.Option<string>) => Effect.Effect<App, CliFailure>> = Context
  .Reference("celeriac/cli/App/Loader", { defaultValue: () => load })

/** Where a worker is looked for when no file is named, and in a folder that is. */
const usual = ["worker.ts", "worker.mts", "worker.js", "worker.mjs", "src/worker.ts", "src/worker.js"]

const endings = ["", ".ts", ".mts", ".js", ".mjs", ...usual.map((path) => `/${path}`)]

export const load = Effect.fnUntraced(
  function*(app: Option.Option<string>): Effect.fn.Return<App, CliFailure> {
    const file = yield* find(app)
    const exports = yield* Effect.tryPromise({
      try: (): Promise<Exports> => import(pathToFileURL(file).href),
      catch: (error) => notLoaded(file, error)
    })
    return yield* appIn(exports, file)
  }
)

/** What a module exports. */
export type Exports = Readonly<Record<string, unknown>>

/** Found in the exports of a file. */
export const appIn = (exports: Exports, file: string): Effect.Effect<App, CliFailure> =>
  Effect.all({
    file: Effect.succeed(file),
    exports: Effect.succeed(exports),
    worker: workerIn(exports, file),
    broker: Effect.sync(() => brokerIn(exports)),
    settings: settingsIn(exports, file)
  })

/** What a module throws is its own text, and may quote the URL of a broker. */
export const notLoaded = (file: string, error: unknown): CliFailure => {
  // In what was built it leads through no files of the user's.
  const way = error instanceof Error && builtOf === undefined ? ownFrames(error) : []
  // One of them is in the sentence.
  const through = way.length < 2 ? "" : `\n${way.map((frame) => `    at ${frame}`).join("\n")}`
  return because(`${shown(file)} could not be loaded: ${maskIn(tell(error, file))}${through}`, error)
}

/** The file of a module, by what names it. */
export const find = (app: Option.Option<string>): Effect.Effect<string, CliFailure> => {
  const [named, flag] = nameOf(app)
  const file = lookFor(named)
  if (file !== undefined) return Effect.succeed(file)
  return Effect.fail(mistaken(
    named === undefined
      ? `there is no worker to run: name its module with -A, such as -A ./worker.ts (looked for ${usual.join(", ")})`
      : existsSync(resolve(named))
      ? `the folder '${named}' has no worker (looked for ${
        usual.join(", ")
      }). ${flag} takes the path of a file too, such as -A ./app.ts`
      : `there is no module '${named}' (looked for ${resolve(named)}). ${flag} takes the path of a file, such as ${
        flag === "-A" ? "-A " : `${flag}=`
      }./worker.ts`
  ))
}

/** Of what needs no module: none, where nobody names one and none lies where workers usually lie. */
export const loadIfAny = (app: Option.Option<string>): Effect.Effect<App | undefined, CliFailure> =>
  isAny(app) ? load(app) : Effect.succeed(undefined)

/** Whether somebody names one, or one lies there. */
export const isAny = (app: Option.Option<string>): boolean => {
  const [named] = nameOf(app)
  return named !== undefined || lookFor(named) !== undefined
}

/** And by what it was said. */
const nameOf = (app: Option.Option<string>): readonly [name: string | undefined, flag: string] => {
  if (Option.isSome(app)) return [app.value, "-A"]
  const variable = ["CELERIAC_APP", "CELERY_APP"].find((variable) => (process.env[variable] ?? "") !== "")
  return variable === undefined ? [undefined, "-A"] : [process.env[variable], variable]
}

const lookFor = (named: string | undefined): string | undefined => {
  const candidates = named === undefined ? usual : endings.map((ending) => `${named}${ending}`)
  return candidates.map((path) => resolve(path)).find(isFile)
}

const isFile = (path: string): boolean => existsSync(path) && statSync(path).isFile()

/** The worker among exports, if there is one. */
export const workerOf = (exports: Exports): Worker.Definition<unknown, Broker> | undefined =>
  definitionOf(exports["default"]) ?? definitionOf(exports["worker"])

const workerIn = (
  exports: Exports,
  file: string
): Effect.Effect<Worker.Definition<unknown, Broker>, CliFailure> => {
  const worker = workerOf(exports)
  if (worker !== undefined) return Effect.succeed(worker)
  // A file without `import` and `export` is taken for CommonJS, which always has a default export.
  const isCommonJs = "module.exports" in exports
  const names = isCommonJs && isEmpty(exports["default"]) ? [] : Object.keys(exports)
  const instead = names.length === 0
    ? "it exports nothing"
    : exports["worker"] !== undefined
    ? `its export 'worker' is ${kindOf(exports["worker"])}`
    : exports["default"] !== undefined
    ? `its default export is ${kindOf(exports["default"])}`
    : `it exports ${names.join(", ")}`
  return Effect.fail(because(
    `${shown(file)} has no worker: ${instead}. Write: export default Worker.make({ tasks: [...] })`
  ))
}

const isEmpty = (value: unknown): boolean =>
  typeof value === "object" && value !== null && Object.keys(value).length === 0

const definitionOf = (value: unknown): Worker.Definition<unknown, Broker> | undefined => {
  // What a module needs of the broker only its author's type checker sees.
  if (Worker.isDefinition(value)) return value as Worker.Definition<unknown, Broker>
  return typeof value === "object" && value !== null && "definition" in value
    ? definitionOf(value.definition)
    : undefined
}

/** Of the same export as the worker. */
const brokerIn = (exports: Exports): AppBroker | undefined => {
  const exported = definitionOf(exports["default"]) === undefined ? exports["worker"] : exports["default"]
  return typeof exported === "object" && exported !== null && !Worker.isDefinition(exported) && "broker" in exported
    // What has a definition and is none is a worker of an application.
    ? exported.broker as AppBroker
    : undefined
}

const settingsIn = (
  exports: Exports,
  file: string
): Effect.Effect<Layer.Layer<never>, CliFailure> => {
  const settings = exports["settings"]
  if (settings === undefined) return Effect.succeed(Layer.empty)
  return Layer.isLayer(settings)
    // A layer does not know at run time what it needs.
    ? Effect.succeed(settings as unknown as Layer.Layer<never>)
    : Effect.fail(because(
      `${shown(file)}: its export 'settings' is ${kindOf(settings)}. ` +
        `Write: export const settings = Layer.succeed(Settings.DefaultQueue, "emails")`
    ))
}

const kindOf = (value: unknown): string => {
  if (Layer.isLayer(value)) return "a Layer, not a worker"
  if (Effect.isEffect(value)) return "an Effect, not a worker"
  if (typeof value === "function") return value.name === "" ? "a function" : `the function ${value.name}`
  return value === null ? "null" : Array.isArray(value) ? "an array" : `a value of type ${typeof value}`
}

/** What went wrong, and where in the user's own code. */
const tell = (error: unknown, file: string): string => {
  if (!(error instanceof Error)) return `it threw ${String(error)}`
  const code = "code" in error ? String(error.code) : ""
  const what = error.name === "Error" ? firstLine(error.message) : `${error.name}: ${firstLine(error.message)}`
  const place = placeOf(error)
  const hint = hints[code] ??
    (error.message.startsWith("Cannot use import statement outside a module") ? asModules : undefined) ??
    (error instanceof SyntaxError && place === undefined ? `\`node --check ${shown(file)}\` shows where` : undefined)
  return `${what}${place === undefined ? "" : ` (${place})`}${hint === undefined ? "" : `. ${hint}`}`
}

const hints: Readonly<Record<string, string>> = {
  ERR_MODULE_NOT_FOUND: "Is it installed, and does a relative import end in .ts or .js?",
  ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX:
    "Node leaves types out and does no more: enums, namespaces and parameter properties need a build",
  ERR_UNKNOWN_FILE_EXTENSION: "Name a .ts, .mts, .js or .mjs file"
}

/** What `npm init` writes is for CommonJS. */
const asModules =
  "Set \"type\": \"module\" in package.json (npm pkg set type=module), or let its name end in .mts or .mjs"

const firstLine = (text: string): string => text.split("\n").find((line) => line.trim() !== "")?.trim() ?? ""

/** Where the stack touches the user's own code first: above the message for wrong syntax, else in its frames. */
const placeOf = (error: Error): string | undefined =>
  shownPlace(/^(\S[^\n]*:\d+)\n/.exec(error.stack ?? "")?.[1]) ?? ownFrames(error)[0]

/** The places of its stack that are the user's own, the innermost first. */
const ownFrames = ({ stack = "" }: Error): ReadonlyArray<string> =>
  stack.split("\n")
    .map((line) => /^ +at .*?(file:\/\/[^\s)]+:\d+):\d+\)?$/.exec(line)?.[1])
    .filter((place) => place !== undefined && !place.includes("/node_modules/") && !place.startsWith(here))
    .flatMap((place) => shownPlace(place) ?? [])

const shownPlace = (place: string | undefined): string | undefined => {
  const [, path, line] = /^(.*):(\d+)$/.exec(place ?? "") ?? []
  return path === undefined ? undefined : `${shown(path.startsWith("file:") ? fileURLToPath(path) : path)}:${line}`
}

/** Where this package lies, and those that it is made of. What was built of them lies anywhere. */
export const here = builtOf !== undefined ? "nowhere" : new URL("../../../..", import.meta.url).href

export const shown = (file: string): string => {
  const path = relative(process.cwd(), file)
  return path.startsWith("..") ? file : path
}
