/**
 * A step failed: which one, of which blueprint, doing what, and why.
 *
 * The failure of the step itself is `reason`, with its type, so that a program
 * can tell a refused password from a broken file:
 * `Effect.catchReason("BootstepError", "AccessRefused", ...)`.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"

/**
 * What the step was doing: `initializing` (its `init`), `starting` (its
 * `start`), or `running` (a fiber it supervises, or the `until` of a nested
 * blueprint).
 *
 * @category models
 * @since 0.1.0
 */
export type Phase = "initializing" | "starting" | "running"

/**
 * @category errors
 * @since 0.1.0
 */
export class BootstepError<out E = unknown> extends Data.TaggedError("BootstepError")<{
  readonly blueprint: string
  readonly step: string
  readonly phase: Phase
  readonly reason: unknown
  /** The whole failure, as printers of errors look for it. */
  readonly cause: unknown
}> {
  /** What the step failed with. */
  declare readonly reason: E

  override get message(): string {
    return `Bootstep '${this.step}' of blueprint '${this.blueprint}' failed while ${this.phase}: ${
      describe(this.reason)
    }`
  }
}

/**
 * One line for any failure.
 *
 * @category formatting
 * @since 0.1.0
 */
export const describe = (error: unknown): string => {
  if (error instanceof Error) return error.message === "" ? error.name : error.message
  if (typeof error === "object" && error !== null && "_tag" in error) return String(error._tag)
  return String(error)
}
