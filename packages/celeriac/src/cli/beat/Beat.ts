/**
 * `celeriac beat`: a scheduler, from its banner to its end. The first SIGTERM or
 * Ctrl+C lets it finish what it is sending, the second does not.
 */
import type * as BeatNode from "@celeriac/beat/BeatNode"
import * as Nodename from "@celeriac/tasks/Nodename"
import * as Guards from "@celeriac/worker/state/Guards"
import type * as WorkerSettings from "@celeriac/worker/state/WorkerSettings"
import * as Console from "effect/Console"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as LogFormat from "../../LogFormat.ts"
import * as App from "../app/App.ts"
import * as Verb from "../app/Verb.ts"
import * as Daemon from "../daemon/Daemon.ts"
import type { DaemonFlags } from "../daemon/DaemonFlags.ts"
import * as Globals from "../flags/Globals.ts"
import { because, type CliFailure } from "../output/CliFailure.ts"
import * as BeatBanner from "./BeatBanner.ts"
import * as BeatParts from "./BeatParts.ts"
import { serve } from "./BeatService.ts"

export interface Flags extends DaemonFlags {
  readonly loglevel: LogFormat.Level
  readonly jsonLogs: boolean
  readonly hostname: Option.Option<string>
  /** Those of beat's settings that were said. */
  readonly settings: WorkerSettings.Everything
}

export const start = (globals: Globals.Globals, flags: Flags): Effect.Effect<void, CliFailure> =>
  Effect.gen(function*() {
    yield* Guards.stand
    yield* Globals.enter(globals)
    yield* Daemon.prepare(flags)
    const verb = yield* Verb.make({ ...globals, settings: { ...globals.settings, ...flags.settings } })
    const nodename = Nodename.expand(Option.getOrElse(flags.hostname, () => "celerybeat@%h"))
    const whole = Effect.scoped(program(verb, globals, flags))
    const run = Daemon.run(flags, nodename, whole, { program: "celeriac beat" }).pipe(
      Effect.provide(Verb.broker(verb))
    )
    yield* Effect.mapError(run, (error) => Verb.isOfBroker(error) ? because(error.message) : error)
  }).pipe(
    Effect.scoped,
    Effect.provide(LogFormat.layer({
      level: flags.loglevel,
      json: flags.jsonLogs,
      colors: Option.isNone(flags.logfile) && Globals.wantsColors(globals, process.stderr)
    }))
  )

const program = (verb: Verb.Verb, { quiet }: Globals.Globals, flags: Flags) =>
  Effect.gen(function*() {
    const { app, named, settings } = verb
    const talks = !quiet && !flags.jsonLogs
    if (talks) yield* Console.log(BeatBanner.starting)
    const parts = yield* BeatParts.make(app, settings)
    if (talks) {
      const banner = BeatBanner.text({
        file: app === undefined ? undefined : App.shown(app.file),
        logfile: Option.getOrUndefined(flags.logfile),
        level: flags.loglevel,
        maxInterval: settings.beatMaxLoopInterval,
        named
      })
      yield* Console.log(yield* Effect.provide(banner, parts))
    }
    yield* running(parts, settings, { nodename: Option.getOrUndefined(flags.hostname) })
  })

/** Until a signal comes. */
const running = (
  parts: Context.Context<BeatParts.Parts>,
  settings: WorkerSettings.Settings,
  options: BeatNode.Options
) =>
  Effect.mapError(
    Effect.raceFirst(serve(settings, options), stopped).pipe(Effect.provideContext(parts)),
    (error) => because(`beat: ${error.message}`)
  )

const signals = ["SIGTERM", "SIGINT", "SIGHUP"] as const

/** Told once. While it is waited for, nobody else hears the signals. */
const stopped = Effect.callback<void>((resume) => {
  let isAsked = false
  const listener = (signal: NodeJS.Signals) => {
    if (isAsked && signal !== "SIGHUP") process.exit(1)
    isAsked = true
    resume(Effect.void)
  }
  for (const signal of signals) {
    process.removeAllListeners(signal)
    process.on(signal, listener)
  }
})
