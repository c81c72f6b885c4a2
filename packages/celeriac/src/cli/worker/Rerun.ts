/**
 * A worker that is to come back when it has stopped: with new code, and the
 * process id that a supervisor knows. One that is hung up does, as Celery's. On a
 * terminal that only stops it: who closes one does not ask for a worker in the
 * background.
 */
import * as Signals from "@celeriac/worker/state/Signals"
import * as Effect from "effect/Effect"

export interface Rerun {
  /** It shall come back: see `Autoreloader`. */
  readonly startAnew: Effect.Effect<void>
  readonly around: <A, E, R>(run: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

export const make = (): Rerun => {
  let last: Signals.Signal | undefined
  let isToCome = false
  return {
    startAnew: Effect.sync(() => {
      isToCome = true
    }),
    around: (run) =>
      run.pipe(
        // A SIGTERM after it means that it shall not come back.
        Effect.provideService(Signals.Heard, (signal) => {
          last = signal
          if (signal !== "SIGHUP") isToCome = false
        }),
        Effect.tap(() => isToCome || (last === "SIGHUP" && process.stdout.isTTY !== true) ? again : Effect.void)
      )
  }
}

/** Does not come back where the system can replace a process. */
const again = Effect.andThen(
  Effect.logWarning("worker: Restarting (MainProcess)"),
  Effect.sync(() => {
    if (process.platform === "win32") return
    process.execve?.(process.execPath, [process.execPath, ...process.execArgv, ...process.argv.slice(1)], process.env)
  })
)
