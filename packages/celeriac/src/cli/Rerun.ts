/**
 * A worker that is hung up stops warm and starts again, as Celery's: with new
 * code, and the process id that a supervisor knows. On a terminal it only
 * stops: who closes one does not ask for a worker in the background.
 */
import * as Signals from "@celeriac/worker/state/Signals"
import * as Effect from "effect/Effect"

export const whenHungUp = <A, E, R>(run: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.suspend(() => {
    let last: Signals.Signal | undefined
    return run.pipe(
      Effect.provideService(Signals.Heard, (signal) => {
        last = signal
      }),
      // A SIGTERM after it means that it shall not come back.
      Effect.tap(() => last === "SIGHUP" && process.stdout.isTTY !== true ? again : Effect.void)
    )
  })

/** Does not come back where the system can replace a process. */
const again = Effect.andThen(
  Effect.logWarning("worker: Restarting (MainProcess)"),
  Effect.sync(() => {
    if (process.platform === "win32") return
    process.execve?.(process.execPath, [process.execPath, ...process.execArgv, ...process.argv.slice(1)], process.env)
  })
)
