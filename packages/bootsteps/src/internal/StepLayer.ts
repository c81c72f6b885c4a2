/**
 * The layer of a step: brings the step up, and leaves what is to be done when it
 * stops. The step has a scope of its own; the layer gives its service.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as BootLog from "../BootLog.ts"
import { Control } from "../Control.ts"
import * as StopReason from "../StopReason.ts"
import { CurrentStep } from "./CurrentStep.ts"
import type { Definition } from "./Definition.ts"
import * as Ending from "./Ending.ts"
import { begin, call, CurrentLife, end, type Life, type Restore, stepOf, type Up } from "./Life.ts"
import * as Solitary from "./Solitary.ts"

/** The types of the step are those that its definition was made of: the caller knows them. */
export const make = <P, E, R>(definition: Definition): Layer.Layer<P, E, R> =>
  Layer.fromBuildMemo((_, scope) =>
    Effect.contextWith((needs: Context.Context<R>) => {
      const context = Context.makeUnsafe<unknown>(needs.mapUnsafe)
      const life = Context.get(context, CurrentLife)
      const built = life === undefined
        ? Effect.flatMap(Solitary.prepare(definition, context, scope), (life) => bringUp(life, definition, context))
        : bringUp(life, definition, context)
      // What a definition provides and fails with is erased in it.
      return built as Effect.Effect<Context.Context<P>, E>
    })
  )

/** Lets nothing be interrupted but what the step itself does. */
const bringUp = (self: Life, definition: Definition, outside: Context.Context<unknown>) =>
  Effect.uninterruptibleMask((restore) => {
    // It waited for others while one failed, and is about to be interrupted.
    if (self.failed) return restore(Effect.never)
    const scope = Scope.makeUnsafe()
    const context = within(self, definition, scope, outside)
    const step = { definition, context, scope, child: self.children.get(definition) }
    return attempt(self, step, restore)
  })

/** A step on its way up. */
type Rising = Omit<Up, "self" | "state">

const attempt = Effect.fnUntraced(function*(self: Life, step: Rising, restore: Restore) {
  const { child, context, definition, scope } = step
  let begun = self.clock.currentTimeMillisUnsafe()
  if (definition.enabled !== undefined) {
    const enabled = yield* Effect.exit(restore(Effect.provideContext(definition.enabled, context)))
    if (Exit.isFailure(enabled)) return yield* fail(self, step, begun, enabled)
    if (!enabled.value) {
      const standIn = yield* Effect.exit(restore(call(() => definition.disabled ?? Effect.void, context)))
      if (Exit.isFailure(standIn)) return yield* fail(self, step, begun, standIn)
      yield* Ending.leaveScope(self, definition, scope)
      yield* end(self, definition, "disabled", begun)
      return provided(definition, standIn.value)
    }
  }

  yield* BootLog.starting(self.graph.name, definition.label)
  begun = yield* begin(self, definition, "starting")
  const start = call(() => definition.start(self.parent), context)
  if (child !== undefined) yield* Ending.leaveFinal(self, child)
  const started = yield* Effect.exit(restore(child === undefined ? start : Effect.tap(start, child.start(context))))
  if (Exit.isFailure(started)) return yield* fail(self, step, begun, started)
  const up: Up = { ...step, self: started.value, state: "up" }
  self.ups.push(up)
  yield* Ending.leave(self, up)
  yield* end(self, definition, "started", begun)
  yield* BootLog.substepOk
  return provided(definition, started.value)
})

const fail = Effect.fnUntraced(function*(
  self: Life,
  { child, definition, scope }: Rising,
  begun: number,
  exit: Exit.Failure<unknown, unknown>
) {
  self.failed = true
  // It may be up, and only waiting for it was interrupted.
  if (child !== undefined) yield* child.stop(self.control.currentUnsafe() ?? StopReason.shutdown())
  yield* BootLog.logFailure(Scope.close(scope, exit), "stopping", definition.label)
  yield* end(self, definition, "failed", begun, { cause: exit.cause })
  return yield* Effect.failCause(self.attribute(exit.cause, definition, "starting"))
})

const provided = ({ provides }: Definition, service: unknown): Context.Context<never> =>
  provides === undefined ? Context.empty() : Context.make(provides, service)

/** What the step sees: itself, and no life around it, for a layer that it builds for itself has no part in that. */
const within = (
  self: Life,
  definition: Definition,
  scope: Scope.Closeable,
  outside: Context.Context<unknown>
): Context.Context<unknown> => {
  const map = new Map<string, unknown>(outside.mapUnsafe)
  map.set(CurrentLife.key, undefined)
  map.set(Scope.Scope.key, scope)
  map.set(CurrentStep.key, stepOf(self, definition))
  map.set(Control.key, self.control)
  return Context.makeUnsafe<unknown>(map)
}
