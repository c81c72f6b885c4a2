/** What a lifecycle asks of a blueprint that one of its steps runs. */
import type * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Control } from "../Control.ts"
import type { Shutdown, StopReason } from "../StopReason.ts"
import type { CurrentStep } from "./CurrentStep.ts"

export interface Surroundings {
  /** What the blueprint around is booted with. */
  readonly context: Context.Context<unknown>
  readonly control: Control["Service"]
  /** The step around the child. */
  readonly step: CurrentStep
}

export interface Child {
  /** Runs the `init` hooks. */
  readonly prepare: Effect.Effect<void, unknown>
  /** Boots, and boots anew for as long as the failures allow it. */
  readonly start: (context: Context.Context<unknown>) => Effect.Effect<void, unknown>
  readonly close: (reason: Shutdown) => Effect.Effect<void>
  readonly stop: (reason: StopReason) => Effect.Effect<void>
  /** Final stop of the steps that have one, after everything around the child has stopped. */
  readonly shutdown: Effect.Effect<void>
  readonly info: Effect.Effect<Readonly<Record<string, unknown>>>
}
