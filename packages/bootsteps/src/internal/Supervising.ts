/** What runs in the background of a step, and must not fail unseen. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import { CurrentStep } from "./CurrentStep.ts"

/**
 * Forks a fiber into the scope of the step. When it fails, the blueprint of the
 * step fails: a nested one is restarted if the error allows it, an outermost
 * one stops with that error, which is why `E` is among the errors of `start`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const forkSupervised = <A, E, R>(
  self: Effect.Effect<A, E, R>
): Effect.Effect<Fiber.Fiber<A, E>, E, R | Scope.Scope> =>
  Effect.flatMap(
    CurrentStep,
    (step) =>
      Effect.forkScoped(Effect.onExit(self, (exit) =>
        Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause) ? step.fail(exit.cause) : Effect.void))
  )
