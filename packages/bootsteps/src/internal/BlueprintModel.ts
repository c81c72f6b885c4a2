/** What a blueprint is, for those who make one and those who run one inside a step. */
import type * as Layer from "effect/Layer"
import type { BootGraph } from "../BootGraph.ts"
import type * as Bootstep from "../Bootstep.ts"
import type { BootstepError } from "../BootstepError.ts"
import type { Control } from "../Control.ts"

/**
 * Steps in boot order, `Steps` being the union of their types. `R` is what they need from outside.
 *
 * @category models
 * @since 0.1.0
 */
export interface Blueprint<out Name extends string, in Provides, out E, out R, out Steps = Bootstep.Any> {
  readonly name: Name
  /** As declared. */
  readonly steps: ReadonlyArray<Bootstep.Any & Steps>
  /** Tags of services that come from outside. */
  readonly expects: Bootstep.Tags
  readonly graph: BootGraph
  /**
   * Boots when it is built, stops when its scope is closed. When a step fails later
   * on, `Control` is asked for a shutdown with the failure as its cause.
   */
  readonly layer: Layer.Layer<Provides, BootstepError<E>, R | Control>
}

/**
 * @category models
 * @since 0.1.0
 */
export type Any = Blueprint<string, never, unknown, unknown>
