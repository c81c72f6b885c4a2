/**
 * Starts the worker anew when its program changes: Celery's `--autoreload`, until
 * 4.0.
 *
 * When a file of it has changed, and nothing more for a moment, it is tried
 * whether the program still loads. Then the worker stops warm (what runs is
 * finished, what waits goes back) and its program is started in its place. One
 * that does not load is told of, and what runs goes on as it was.
 *
 * What the program is and how it is started is not known here: `celeriac worker`
 * says so, and in a program of your own a layer, `Autoreloader.layer`.
 *
 * @since 0.1.0
 */
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import { Control } from "@celeriac/bootsteps/Control"
import * as StopReason from "@celeriac/bootsteps/StopReason"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { CannotReload } from "../state/WorkerError.ts"
import * as WorkerLog from "../state/WorkerLog.ts"
import { has } from "../state/WorkerSettings.ts"
import { Timer, type TimerCall } from "./Timer.ts"

/** The program that a worker is part of. */
export interface Program {
  /** Calls for each of its files that changes, until the scope closes. Gives what is watched. */
  readonly watch: (
    onChange: (file: string) => Effect.Effect<void>
  ) => Effect.Effect<ReadonlyArray<string>, Error, Scope.Scope>
  /** Whether it would load as it is now; fails with why not. */
  readonly check: Effect.Effect<void, Error>
  /** The worker is about to stop: start it anew when it has. */
  readonly startAnew: Effect.Effect<void>
}

const CurrentProgram: Context.Reference<Program | undefined> = Context.Reference(
  "@celeriac/worker/boot/Autoreloader/CurrentProgram",
  { defaultValue: (): Program | undefined => undefined }
)

/** For the workers below that run with `autoreload`. */
export const layer = (program: Program): Layer.Layer<never> => Layer.succeed(CurrentProgram, program)

/** How long nothing more must change: an editor writes several files, and each in several steps. */
const settles = "300 millis"

/** What the step provides. */
export interface Reloading {
  readonly isEnabled: boolean
  /** What is watched. */
  readonly files: ReadonlyArray<string>
  /** As if something had changed. */
  readonly reload: Effect.Effect<void>
}

const disabled: Reloading = { isEnabled: false, files: [], reload: Effect.void }

export class Autoreloader extends Bootstep.Service<Autoreloader, Reloading>()("Autoreloader", {
  requires: [Timer],
  conditional: true,
  enabled: has("autoreload"),
  disabled: Effect.succeed(disabled),
  start: Effect.gen(function*() {
    const program = yield* CurrentProgram
    if (program === undefined) return yield* new CannotReload()
    const timer = yield* Timer
    const control = yield* Control
    const changed = new Set<string>()
    let entered: TimerCall | undefined
    let isChecking = false
    let isChangedAgain = false

    const restart = Effect.suspend(() =>
      isChangedAgain ? Effect.void : Effect.logWarning("autoreload: Restarting with what has changed").pipe(
        Effect.andThen(program.startAnew),
        Effect.andThen(control.request(StopReason.shutdown()))
      )
    )
    const reload: Effect.Effect<void> = Effect.suspend(() => {
      isChangedAgain = isChecking
      if (isChecking) return Effect.void
      isChecking = true
      const files = Array.from(changed).join(", ")
      changed.clear()
      return Effect.logInfo(`autoreload: Changed: ${files}`).pipe(
        Effect.andThen(program.check),
        Effect.matchEffect({
          onFailure: (error) =>
            Effect.logError(`autoreload: ${WorkerLog.sentence(error.message)} The worker goes on as it was`),
          onSuccess: () => restart
        }),
        Effect.ensuring(Effect.sync(() => {
          isChecking = false
        })),
        Effect.andThen(Effect.suspend(() => isChangedAgain ? reload : Effect.void))
      )
    })

    const files = yield* program.watch((file) =>
      Effect.gen(function*() {
        changed.add(file)
        if (entered !== undefined) yield* entered.cancel
        entered = yield* timer.callAfter(settles, reload)
      })
    )
    yield* Effect.logInfo(`autoreload: Watching ${files.join(", ")}`)
    return { isEnabled: true, files, reload }
  })
}) {}
