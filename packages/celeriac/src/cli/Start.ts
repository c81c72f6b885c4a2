/**
 * `celeriac worker`: the user's worker, as the command line wants it, on the
 * broker that it names, from boot to exit.
 */
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import * as Nodename from "@celeriac/tasks/Nodename"
import type { ResultError } from "@celeriac/tasks/result/ResultError"
import type * as WorkerExit from "@celeriac/worker/state/WorkerExit"
import type * as Worker from "@celeriac/worker/Worker"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Broker from "../Broker.ts"
import * as LogFormat from "../LogFormat.ts"
import * as App from "./App.ts"
import * as Banner from "./Banner.ts"
import { because, CliFailure } from "./CliFailure.ts"
import * as Strays from "./Strays.ts"

export interface Flags {
  readonly queues: Option.Option<ReadonlyArray<string>>
  readonly concurrency: Option.Option<number>
  readonly hostname: Option.Option<string>
  readonly loglevel: LogFormat.Level
  readonly broker: Option.Option<Redacted.Redacted>
  readonly resultBackend: Option.Option<Redacted.Redacted>
  readonly prefetchMultiplier: Option.Option<number>
  readonly jsonLogs: boolean
  readonly noColor: boolean
}

export const start = (
  app: Option.Option<string>,
  flags: Flags
): Effect.Effect<void, CliFailure | WorkerExit.WorkerFailure> =>
  Effect.gen(function*() {
    yield* Strays.listen
    const { settings, worker } = yield* App.load(app)
    const broker = yield* brokerOf(flags)
    const run = worker.with(overridesOf(flags)).run.pipe(
      Effect.provide(Banner.layer(logOf(flags))),
      Effect.provide(Layer.provideMerge(broker, settings))
    )
    yield* Effect.catchTag(run, ["MessagingError", "ResultError"], (error) => Effect.fail(misconfigured(error)))
  }).pipe(
    Effect.catchTag("CliFailure", (failure) =>
      Effect.fail(flags.loglevel === "debug" ? failure : withoutDetail(failure))),
    Effect.scoped,
    Effect.provide(LogFormat.layer(logOf(flags)))
  )

const logOf = (flags: Flags) => ({ level: flags.loglevel, json: flags.jsonLogs, colors: wantsColors(flags) })

const overridesOf = (flags: Flags): Worker.Overrides => ({
  ...Option.match(flags.queues, { onNone: () => ({}), onSome: (queues) => ({ queues }) }),
  ...Option.match(flags.concurrency, { onNone: () => ({}), onSome: (concurrency) => ({ concurrency }) }),
  ...Option.match(flags.hostname, { onNone: () => ({}), onSome: (name) => ({ nodename: Nodename.expand(name) }) }),
  ...Option.match(flags.prefetchMultiplier, {
    onNone: () => ({}),
    onSome: (multiplier) => ({ prefetch: { multiplier } })
  })
})

/** The flag, else the environment, else Celery's default. */
const brokerOf = Effect.fnUntraced(
  function*(flags: Flags): Effect.fn.Return<Layer.Layer<Broker.Broker, MessagingError | ResultError>, CliFailure> {
    const { results, url } = yield* Effect.mapError(
      Effect.all({ url: Config.option(Broker.urlConfig), results: Broker.resultsConfig }),
      (error) => because(error.message)
    )
    return Broker.layer(
      Option.getOrElse(flags.broker, () => Option.getOrElse(url, () => Broker.defaultUrl)),
      { results: Option.getOrElse(flags.resultBackend, () => results) }
    )
  }
)

const misconfigured = (error: MessagingError | ResultError): CliFailure => because(error.message)

const withoutDetail = ({ exitCode, message }: CliFailure): CliFailure => new CliFailure({ message, exitCode })

/** The conventions of terminals: no-color.org, and `FORCE_COLOR` as Node has it. */
const wantsColors = ({ noColor }: Flags): boolean =>
  !noColor && (process.env["NO_COLOR"] ?? "") === "" &&
  (process.stderr.isTTY || (process.env["FORCE_COLOR"] ?? "0") !== "0")
