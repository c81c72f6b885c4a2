/**
 * `celeriac worker`: the user's worker, as the command line wants it, on the
 * broker that it names, from boot to exit.
 */
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import type { ResultError } from "@celeriac/tasks/result/ResultError"
import * as Pool from "@celeriac/worker/boot/Pool"
import * as Guards from "@celeriac/worker/state/Guards"
import type * as WorkerExit from "@celeriac/worker/state/WorkerExit"
import type * as WorkerSettings from "@celeriac/worker/state/WorkerSettings"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { pathToFileURL } from "node:url"
import * as Broker from "../../Broker.ts"
import * as LogFormat from "../../LogFormat.ts"
import * as App from "../app/App.ts"
import * as Chosen from "../app/Chosen.ts"
import * as CompileCache from "../app/CompileCache.ts"
import * as LoadedFiles from "../app/LoadedFiles.ts"
import * as Preloads from "../app/Preloads.ts"
import { builtOf } from "../app/Version.ts"
import * as Cry from "../daemon/Cry.ts"
import * as Daemon from "../daemon/Daemon.ts"
import type { DaemonFlags } from "../daemon/DaemonFlags.ts"
import * as Globals from "../flags/Globals.ts"
import { because, type CliFailure, mistaken, withoutDetail } from "../output/CliFailure.ts"
import * as Banner from "./Banner.ts"
import * as OwnFlags from "./OwnFlags.ts"
import * as Reloading from "./Reloading.ts"
import * as Rerun from "./Rerun.ts"

export interface Flags extends Omit<Globals.Globals, "app">, DaemonFlags {
  readonly loglevel: LogFormat.Level
  readonly jsonLogs: boolean
  readonly purge: boolean
  /** What may be options of the worker's own steps. */
  readonly own: OwnFlags.Said
}

export const start = (
  app: Option.Option<string>,
  flags: Flags
): Effect.Effect<void, CliFailure | OwnFlags.UnknownFlag | WorkerExit.WorkerFailure> =>
  Effect.gen(function*() {
    yield* Guards.stand
    yield* Effect.forkScoped(Effect.delay(Effect.sync(CompileCache.keep), "5 seconds"))
    yield* Globals.enter(flags)
    yield* Daemon.prepare(flags)
    const loaded = mayReload(flags) ? LoadedFiles.record(App.here) : undefined
    const chosen = yield* Chosen.read(flags)
    const changes = Chosen.changes(chosen)
    const first = yield* including(modulesOf(changes))
    const named = yield* (yield* App.Loader)(app)
    // Those that the module itself names are known only now.
    const more = modulesOf({ ...named.worker.settings, ...changes }).filter((name) =>
      !modulesOf(changes).includes(name)
    )
    const then = yield* including(more)
    const found = more.length === 0 ? named : yield* App.appIn(named.exports, named.file)
    const { broker: appBroker, exports, file, settings, worker: own } = found
    // Options that the module adds are read by who reads all of them.
    if ((yield* Preloads.Given) === undefined && Preloads.among(exports).length > 0) {
      return yield* Effect.fail(new OwnFlags.UnknownFlag(""))
    }
    const worker = yield* Effect.flatMap(first.into(own), then.into)
    const options = yield* Effect.mapError(
      Effect.fromResult(OwnFlags.resolve(worker, flags.own)),
      (problem) => typeof problem === "string" ? mistaken(problem) : problem
    )
    const ours = worker.with({ settings: changes, options })
    const log = logOf(flags, ours.settings)
    const { brokerUrl, named: by, resultBackend } = Chosen.place(chosen, appBroker?.given ?? worker.brokerSettings)
    const broker = appBroker?.layer({ ...ours.taskSettings, brokerUrl, resultBackend }) ??
      Broker.layer(brokerUrl, { results: resultBackend, settings: ours.taskSettings })
    const rerun = Rerun.make()
    const reload = ours.settings.autoreload
      ? Reloading.layer({
        files: [file, ...loaded?.files() ?? []],
        check: ["graph", "-A", file],
        startAnew: rerun.startAnew
      })
      : Layer.empty
    const whole = Effect.andThen(before(flags, ours.settings), rerun.around(ours.run))
    const run = Daemon.run(flags, ours.settings.nodename, whole).pipe(
      Effect.provide(reload),
      Effect.provide(ours.settings.beat ? yield* scheduler(found, ours.settings) : Layer.empty),
      Effect.provide(Cry.layer(ours.blueprint.graph)),
      Effect.provide(Pool.program(programOf(file, [...first.urls, ...then.urls]))),
      Effect.provide(Banner.layer({ ...log, isQuiet: flags.quiet, named: by })),
      Effect.provide(Layer.provideMerge(broker, settings)),
      Effect.provide(ours.settings.redirectStdouts ? yield* redirect(ours.settings.redirectStdoutsLevel) : Layer.empty),
      Effect.provide(LogFormat.layer(log))
    )
    yield* Effect.catchTag(run, ["MessagingError", "ResultError"], (error) => Effect.fail(misconfigured(error)))
  }).pipe(
    Effect.catchTag(
      "CliFailure",
      (failure) => Effect.fail(flags.loglevel === "debug" ? failure : withoutDetail(failure))
    ),
    Effect.scoped,
    Effect.provide(LogFormat.layer(logOf(flags)))
  )

/** What children of pools load: of a program in one file, that. */
const programOf = (file: string, include: ReadonlyArray<string> = []) =>
  builtOf === undefined
    ? { module: pathToFileURL(file).href, include }
    : { module: import.meta.url, entry: import.meta.url }

const modulesOf = ({ imports = [], include = [] }: WorkerSettings.Changes): ReadonlyArray<string> =>
  Array.from(new Set([...imports, ...include])).filter((name) => name !== "")

/** What most workers do not ask for is loaded when one does. */
const including = (names: ReadonlyArray<string>): Effect.Effect<Including, CliFailure> =>
  names.length === 0 ? Effect.succeed({ urls: [], into: Effect.succeed }) : Effect.flatMap(
    Effect.promise(() => import("../app/Include.ts")),
    ({ into, load }) =>
      Effect.map(load(names), ({ handlers, urls }) => ({
        urls,
        into: (worker: App.App["worker"]) => into(worker, handlers)
      }))
  )

interface Including {
  readonly urls: ReadonlyArray<string>
  readonly into: (worker: App.App["worker"]) => Effect.Effect<App.App["worker"], CliFailure>
}

const scheduler = (app: App.App, settings: WorkerSettings.Settings) =>
  Effect.map(Effect.promise(() => import("../beat/BeatInWorker.ts")), ({ layer }) => layer(app, settings))

const before = (flags: Flags, settings: WorkerSettings.Settings) =>
  Effect.andThen(
    settings.disablePrefetch ? Effect.logWarning(notDisabled) : Effect.void,
    flags.purge
      ? Effect.flatMap(Effect.promise(() => import("./PurgeAtStart.ts")), ({ purge }) => purge(settings))
      : Effect.void
  )

const notDisabled =
  "worker_disable_prefetch is only supported for Redis brokers. Ignoring it: --prefetch-multiplier 1 fetches no more than there are slots"

const redirect = (level: LogFormat.Level) =>
  Effect.map(Effect.promise(() => import("./Redirect.ts")), ({ layer }) => layer(level))

const logOf = (flags: Flags, settings?: WorkerSettings.Settings) => ({
  level: flags.loglevel,
  json: flags.jsonLogs,
  colors: settings?.logColor === undefined
    ? Option.isNone(flags.logfile) && Globals.wantsColors(flags, process.stderr)
    : settings.logColor && !flags.noColor,
  format: settings?.logFormat,
  taskFormat: settings?.taskLogFormat,
  datefmt: settings?.logDatefmt,
  taskDatefmt: settings?.taskLogDatefmt
})

/** Before anything of the user's is loaded. A module that says so itself is watched, and not what it imports. */
const mayReload = ({ settings }: Flags): boolean =>
  settings.autoreload ?? (process.env["CELERIAC_AUTORELOAD"] ?? "") !== ""

const misconfigured = (error: MessagingError | ResultError): CliFailure => because(error.message)
