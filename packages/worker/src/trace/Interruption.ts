/**
 * Why a run is interrupted: plain data that travels to wherever the task runs.
 *
 * There it is an annotation of the interruption. A handler that wants to know
 * asks the cause it ends with:
 *
 * ```ts
 * Effect.onExit(work, (exit) =>
 *   Exit.isFailure(exit) && Interruption.fromCause(exit.cause)?._tag === "SoftLimit" ? tidyUp : Effect.void)
 * ```
 *
 * @since 0.1.0
 */
import type { SoftTimeLimit } from "@celeriac/tasks/SoftTimeLimit"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import type * as Fiber from "effect/Fiber"

export type Interruption =
  /** Somebody wants it to stop. `signum`: with which signal, as a number; 15 when that is left out. */
  | { readonly _tag: "Revoked"; readonly signum?: number | undefined }
  /** It ran longer than it should: it may tidy up. */
  | { readonly _tag: "SoftLimit"; readonly seconds: number }
  /** It ran longer than it may. */
  | { readonly _tag: "HardLimit"; readonly seconds: number }
  /** The worker stops and does not wait. */
  | { readonly _tag: "Shutdown" }
  /** Its message belongs to another worker by now. */
  | { readonly _tag: "ConnectionLost" }

class Reason extends Context.Service<Reason, Interruption>()("@celeriac/worker/trace/Interruption") {}

/** What an interruption is annotated with. */
export const annotations = (why: Interruption): Context.Context<never> => Context.make(Reason, why)

/** Interrupts a run; by its soft limit no more of it than the part that catches this, if there is one. */
export const interrupt = (
  fiber: Fiber.Fiber<unknown, unknown>,
  soft: SoftTimeLimit | undefined,
  why: Interruption
): void => {
  const reason = annotations(why)
  if (why._tag === "SoftLimit" && soft?.pass(why.seconds, reason) === true) return
  fiber.interruptUnsafe(undefined, reason)
}

/** Why a run was interrupted, if it was interrupted by the worker. */
export const fromCause = (cause: Cause.Cause<unknown>): Interruption | undefined =>
  Context.getOrUndefined(Cause.annotations(cause), Reason)
