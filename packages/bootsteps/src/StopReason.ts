/**
 * Why a step, a blueprint or the whole process stops.
 *
 * Every `stop` hook is handed one. `Restart` reaches only the steps of a nested
 * blueprint, which is about to be built anew; `Shutdown` is the orderly end in
 * which running work finishes; `Terminate` is the end that waits for nothing.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"

/**
 * @category models
 * @since 0.1.0
 */
export type StopReason = Restart | Shutdown | Terminate

/**
 * The nested blueprint around the step failed and will be built again.
 *
 * @category models
 * @since 0.1.0
 */
export interface Restart {
  readonly _tag: "Restart"
  /** The failure that called for the restart. */
  readonly cause: Cause.Cause<unknown>
}

/**
 * Warm shutdown: accept nothing new, finish what runs, leave.
 *
 * @category models
 * @since 0.1.0
 */
export interface Shutdown {
  readonly _tag: "Shutdown"
  /** The signal that asked for it, such as `SIGTERM`. */
  readonly signal?: string | undefined
  /** The failure that made it necessary, when nobody asked. */
  readonly cause?: Cause.Cause<unknown> | undefined
  /** Whether it lasts until a `Terminate` is asked for, though nothing runs: for the steps that wait for what runs. */
  readonly lasts?: boolean | undefined
}

/**
 * Cold shutdown: leave now.
 *
 * @category models
 * @since 0.1.0
 */
export interface Terminate {
  readonly _tag: "Terminate"
  readonly signal?: string | undefined
  readonly cause?: Cause.Cause<unknown> | undefined
}

/** What is known of a stop besides its kind. */
interface Details {
  readonly signal?: string | undefined
  readonly cause?: Cause.Cause<unknown> | undefined
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const restart = (cause: Cause.Cause<unknown>): Restart => ({ _tag: "Restart", cause })

/**
 * @category constructors
 * @since 0.1.0
 */
export const shutdown = (details?: Details & Pick<Shutdown, "lasts">): Shutdown => ({ _tag: "Shutdown", ...details })

/**
 * @category constructors
 * @since 0.1.0
 */
export const terminate = (details?: Details): Terminate => ({ _tag: "Terminate", ...details })

/** A reason on its way through a scope: what {@link toExit} fails with. */
class Stop extends Data.TaggedClass("Stop")<{ readonly reason: StopReason }> {}

/**
 * The exit to close a scope with, so that the steps in it learn why they stop.
 *
 * @category converting
 * @since 0.1.0
 */
export const toExit = (reason: StopReason): Exit.Exit<never, Stop> => Exit.fail(new Stop({ reason }))

/**
 * Why a scope was closed: what {@link toExit} was told; else a warm shutdown, with
 * the failure as its cause if there was one. An interruption is nobody's failure.
 *
 * @category converting
 * @since 0.1.0
 */
export const fromExit = (exit: Exit.Exit<unknown, unknown>): StopReason => {
  if (Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause)) return shutdown()
  const error = Cause.findError(exit.cause)
  return Result.isSuccess(error) && error.success instanceof Stop
    ? error.success.reason
    : shutdown({ cause: exit.cause })
}
