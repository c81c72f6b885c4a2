/**
 * `celeriac worker`: the user's worker, as the command line wants it, on the
 * broker that it names, from boot to exit.
 */
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import type { ResultError } from "@celeriac/tasks/result/ResultError"
import * as Guards from "@celeriac/worker/state/Guards"
import type * as WorkerExit from "@celeriac/worker/state/WorkerExit"
import * as WorkerSettings from "@celeriac/worker/state/WorkerSettings"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import * as Broker from "../Broker.ts"
import * as Environment from "../internal/Environment.ts"
import * as LogFormat from "../LogFormat.ts"
import * as App from "./App.ts"
import * as Banner from "./Banner.ts"
import { because, CliFailure } from "./CliFailure.ts"
import * as CompileCache from "./CompileCache.ts"
import * as LoadedFiles from "./LoadedFiles.ts"
import * as Reloading from "./Reloading.ts"
import * as Rerun from "./Rerun.ts"

export interface Flags {
  /** Those that were said. */
  readonly settings: WorkerSettings.Everything
  readonly loglevel: LogFormat.Level
  readonly jsonLogs: boolean
  readonly noColor: boolean
}

export const start = (
  app: Option.Option<string>,
  flags: Flags
): Effect.Effect<void, CliFailure | WorkerExit.WorkerFailure> =>
  Effect.gen(function*() {
    yield* Guards.stand
    yield* Effect.forkScoped(Effect.delay(Effect.sync(CompileCache.keep), "5 seconds"))
    const loaded = mayReload(flags) ? LoadedFiles.record(App.here) : undefined
    const { broker: appBroker, file, settings, worker } = yield* (yield* App.Loader)(app)
    const environment = yield* readEnvironment
    const flagged = flags.settings
    // The command line is the operator's: its flags, its environment, and then what the module says.
    const { brokerUrl: _, resultBackend: __, ...given } = { ...environment, ...flagged }
    const ours = worker.with({ settings: given })
    // But for where the broker is: a module that names it knows why, and is not answered by an environment.
    const own = appBroker?.given ?? worker.brokerSettings
    const { brokerUrl = Broker.defaultUrl, resultBackend } = { ...environment, ...own, ...flagged }
    const named = flagged.brokerUrl !== undefined
      ? "-b"
      : own.brokerUrl !== undefined
      ? "the module"
      : environment.brokerUrl !== undefined
      ? "the environment"
      : "nobody: the default"
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
    const run = rerun.around(ours.run).pipe(
      Effect.provide(reload),
      Effect.provide(Banner.layer({ ...logOf(flags), named })),
      Effect.provide(Layer.provideMerge(broker, settings))
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

const logOf = (flags: Flags) => ({ level: flags.loglevel, json: flags.jsonLogs, colors: wantsColors(flags) })

/** Before anything of the user's is loaded. A module that says so itself is watched, and not what it imports. */
const mayReload = ({ settings }: Flags): boolean =>
  settings.autoreload ?? (process.env["CELERIAC_AUTORELOAD"] ?? "") !== ""

const readEnvironment = Effect.mapError(Environment.read, (error) => because(error.message))

const misconfigured = (error: MessagingError | ResultError): CliFailure => because(error.message)

const withoutDetail = ({ exitCode, message }: CliFailure): CliFailure => new CliFailure({ message, exitCode })

/** The conventions of terminals: no-color.org, and `FORCE_COLOR` as Node has it. */
const wantsColors = ({ noColor }: Flags): boolean =>
  !noColor && (process.env["NO_COLOR"] ?? "") === "" &&
  (process.stderr.isTTY || (process.env["FORCE_COLOR"] ?? "0") !== "0")
