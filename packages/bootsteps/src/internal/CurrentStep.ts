/**
 * Who is running: lets code inside a step reach the boot it is part of without
 * being handed it.
 */
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

export interface CurrentStep {
  /** Reports that a fiber of the step failed. */
  readonly fail: (cause: Cause.Cause<unknown>) => Effect.Effect<void>
  /** What the steps of all running blueprints, from the outermost inwards, tell of themselves. */
  readonly info: Effect.Effect<Readonly<Record<string, unknown>>>
}

/** Outside of any blueprint a failure can only be logged, and there is nothing to tell. */
export const CurrentStep = Context.Reference<CurrentStep>("@celeriac/bootsteps/internal/CurrentStep", {
  defaultValue: () => ({
    fail: (cause) => Effect.logError("A supervised fiber failed outside of any blueprint", cause),
    info: Effect.succeed({})
  })
})
