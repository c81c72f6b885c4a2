/**
 * What a command stands on that asks a broker, a backend or workers: the
 * settings that count, and the broker that they name. It needs no module; where
 * there is one, its settings count as those of its worker do.
 */
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import type { ResultError } from "@celeriac/tasks/result/ResultError"
import * as WorkerSettings from "@celeriac/worker/state/WorkerSettings"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Broker from "../../Broker.ts"
import * as LogFormat from "../../LogFormat.ts"
import type * as Settings from "../../Settings.ts"
import * as Globals from "../flags/Globals.ts"
import { because, type CliFailure, mistaken } from "../output/CliFailure.ts"
import * as App from "./App.ts"
import * as Chosen from "./Chosen.ts"

export interface Verb extends Chosen.Place {
  /** Undefined where no module was named, and none lies where workers usually lie. */
  readonly app: App.App | undefined
  /** Those that were given. */
  readonly given: Settings.Given
  /** Those of the worker, where there is one, as they were chosen. */
  readonly settings: WorkerSettings.Settings
}

/** Enters the folder, loads the module, and reads what was chosen. */
export const make = (globals: Globals.Globals): Effect.Effect<Verb, CliFailure> =>
  Effect.gen(function*() {
    yield* Globals.enter(globals)
    const app = yield* App.loadIfAny(globals.app)
    const chosen = yield* Chosen.read(globals)
    const changes = Chosen.changes(chosen)
    const own = app?.broker?.given ?? app?.worker.brokerSettings ?? {}
    const worker = app?.worker.with({ settings: changes })
    return {
      app,
      given: worker?.taskSettings ?? WorkerSettings.ofTasks(changes),
      settings: worker?.settings ?? WorkerSettings.change(WorkerSettings.defaults(), changes),
      ...Chosen.place(chosen, own)
    }
  })

/** The broker, with results where they are kept; `withoutResults` for who has no use for them. */
export const broker = (
  { app, brokerUrl, given, resultBackend }: Verb,
  withoutResults = false
): Layer.Layer<Broker.Broker, MessagingError | ResultError> =>
  Broker.layer(brokerUrl, { results: withoutResults ? "disabled://" : resultBackend, settings: given }).pipe(
    Layer.provideMerge(app?.settings ?? Layer.empty)
  )

/** Runs a command: what cannot be reached is told in a sentence. */
export const run = <A, E>(
  globals: Globals.Globals,
  use: (verb: Verb) => Effect.Effect<A, E | CliFailure | MessagingError | ResultError>,
  level: LogFormat.Level = "error"
): Effect.Effect<A, E | CliFailure> =>
  Effect.flatMap(make(globals), use).pipe(
    Effect.mapError((error) => isOfBroker(error) ? because(said(error)) : error as E | CliFailure), // what is left
    Effect.provide(
      LogFormat.layer({ level, colors: Globals.wantsColors(globals, process.stderr) })
    )
  )

/** Without the name of the function that failed: nobody called one here. */
const said = ({ reason }: MessagingError | ResultError): string => reason.message

export const isOfBroker = (error: unknown): error is MessagingError | ResultError =>
  typeof error === "object" && error !== null && "_tag" in error &&
  (error._tag === "MessagingError" || error._tag === "ResultError")

/** Names with commas between them, as Celery takes lists. */
export const names = (text: string): ReadonlyArray<string> =>
  text.split(",").map((name) => name.trim()).filter((name) => name !== "")

/** A mistake in the arguments of a command. */
export const misused = (command: string, message: string): CliFailure =>
  mistaken(`${message}\nSee: celeriac ${command} --help`, command)
