/**
 * A step without a blueprint: its layer, used in an application like any other.
 *
 * The scope of the layer is all phases of its life: when it closes the step
 * quiesces, then stops. A `Control` that the application has is heeded.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { BootstepError } from "../BootstepError.ts"
import * as Control from "../Control.ts"
import * as StopReason from "../StopReason.ts"
import type { Definition } from "./Definition.ts"
import * as Life from "./Life.ts"
import * as Preparing from "./Preparing.ts"

/** A life of which the step is all, prepared. */
export const prepare = Effect.fnUntraced(function*(
  definition: Definition,
  context: Context.Context<unknown>,
  scope: Scope.Scope
) {
  const control = Context.getOrUndefined(context, Control.Control) ?? Control.makeUnsafe()
  const life: Life.Life = Life.make({
    graph: { name: definition.name, nodes: [{ definition, needs: [] }] },
    context,
    control,
    phases: { closing: scope, stopping: scope, afterwards: scope, final: undefined },
    attribute: definition.child === undefined ? (cause) => cause : unwrap,
    fail: (cause) =>
      Effect.andThen(
        Effect.logError(`${definition.label} failed`, cause),
        control.request(StopReason.shutdown({ cause }))
      ),
    info: Effect.suspend(() => Life.tell(life))
  })
  yield* Preparing.prepare(life, Context.add(context, Control.Control, control))
  life.parent.state = "running"
  return life
})

/** Of a nested blueprint, failures of its steps are the step's own. */
const unwrap = (cause: Cause.Cause<unknown>): Cause.Cause<unknown> =>
  Cause.map(cause, (error) => error instanceof BootstepError ? error.reason : error)
