/**
 * Which of several schedulers sends: one at a time, while it knows that it leads.
 *
 * A term begins when `acquire` succeeds and ends with its scope, or when it is lost:
 * to a broker or a server that went away, or to another scheduler. `isHeld` is asked
 * before each send. Were two to lead for a moment all the same, they would send the
 * same tasks: the id of a slot's task is the slot's.
 *
 * `leases/` has implementations.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { BeatError } from "./BeatError.ts"

/** The time for which a scheduler leads. */
export interface Term {
  /** Whether it leads now, as far as it can tell. */
  readonly isHeld: () => boolean
  /** Succeeds, with the reason, when it leads no more. */
  readonly lost: Effect.Effect<string>
}

export class Leadership extends Context.Service<Leadership, {
  /** In logs: `alone`, `the queue celeriac.beat`. */
  readonly describe: string
  /** Waits until this scheduler leads. Fails when it never will. */
  readonly acquire: Effect.Effect<Term, BeatError, Scope.Scope>
}>()("@celeriac/beat/Leadership") {}

/** There is one scheduler, and it leads. */
export const layerSingle: Layer.Layer<Leadership> = Layer.succeed(Leadership, {
  describe: "alone",
  acquire: Effect.succeed({ isHeld: () => true, lost: Effect.never })
})
