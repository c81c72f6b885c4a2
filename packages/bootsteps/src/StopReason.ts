/**
 * Why a step, a blueprint or the whole process stops.
 *
 * Every `stop` hook is handed one. `Restart` reaches only the steps of a nested
 * blueprint, which is about to be built anew; `Shutdown` is the orderly end in
 * which running work finishes; `Terminate` is the end that waits for nothing.
 *
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"

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
export const shutdown = (details?: Details): Shutdown => ({ _tag: "Shutdown", ...details })

/**
 * @category constructors
 * @since 0.1.0
 */
export const terminate = (details?: Details): Terminate => ({ _tag: "Terminate", ...details })
