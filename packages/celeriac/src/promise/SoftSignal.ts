/**
 * The soft time limit of a handler that is a function of promises: its signal is
 * aborted with `SoftTimeLimitExceeded`, and it may go on up to the hard limit.
 *
 * One that never asked for the signal cannot notice, and has failed at once.
 */
import * as SoftTimeLimit from "@celeriac/tasks/SoftTimeLimit"
import * as Effect from "effect/Effect"

/** A run, given how it gets its signal. What is thrown is a defect. */
type Call = (signal: () => AbortSignal) => Promise<unknown>

/** The run as an effect. */
export const run = (call: Call): Effect.Effect<unknown, SoftTimeLimit.SoftTimeLimitExceeded> =>
  Effect.flatMap(
    SoftTimeLimit.Current,
    (limit): Effect.Effect<unknown, SoftTimeLimit.SoftTimeLimitExceeded> =>
      limit === undefined ? Effect.promise((signal) => call(() => signal)) : limited(call)
  )

const limited = (call: Call): Effect.Effect<unknown, SoftTimeLimit.SoftTimeLimitExceeded> =>
  Effect.suspend(() => {
    const controller = new AbortController()
    let isAsked = false
    const running = call(() => {
      isAsked = true
      return controller.signal
    })
    const ended = (exceeded?: SoftTimeLimit.SoftTimeLimitExceeded) =>
      Effect.callback<unknown, SoftTimeLimit.SoftTimeLimitExceeded>((resume) => {
        running.then(
          (value) => resume(Effect.succeed(value)),
          (error) => resume(exceeded !== undefined && isAbort(error) ? Effect.fail(exceeded) : Effect.die(error))
        )
      })
    return SoftTimeLimit.fail(ended()).pipe(
      Effect.catchTag("SoftTimeLimitExceeded", (exceeded) => {
        controller.abort(exceeded)
        return isAsked ? ended(exceeded) : Effect.fail(exceeded)
      }),
      Effect.onInterrupt(() => Effect.sync(() => controller.abort()))
    )
  })

/** Some throw an error of their own for a signal, and not its reason. */
const isAbort = (error: unknown): boolean =>
  SoftTimeLimit.isExceeded(error) || (error instanceof Error && error.name === "AbortError")
