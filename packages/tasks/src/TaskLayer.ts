/**
 * A task with its handler, as a layer that knows its task's name before it is
 * built: so that a worker refuses two of one name where it is defined.
 *
 * Made by `Task.toLayer`. Merged with others, or with something provided to it,
 * it is a layer like any other: then the registry refuses the second when it is
 * built.
 *
 * @since 0.1.0
 */
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type * as Middleware from "./Middleware.ts"
import type { TaskContext } from "./TaskContext.ts"
import type { TaskRegistry } from "./TaskRegistry.ts"

/** Registers the task of this name while it lives. */
export interface TaskLayer<out Name extends string, out R> extends Layer.Layer<never, never, TaskRegistry | R> {
  readonly taskName: Name
}

/**
 * What a handler needs and its middleware does not provide, and what that and
 * the hooks need; the worker provides the `TaskContext`. Said so that nothing is
 * inferred for `R` from where the layer goes.
 */
export type Unprovided<R, M extends Middleware.Maybe, RHooks> = [R, RHooks] extends [infer Needed, infer ByHooks]
  ? Exclude<Exclude<Needed, Middleware.Provides<M>> | Middleware.Needs<M> | ByHooks, TaskContext>
  : never

/** Refuses in words what opens resources and does not close them itself. */
export type WithoutScope<R> = [Extract<R, Scope.Scope>] extends [never] ? unknown
  : "This handler needs a Scope: wrap its effect in Effect.scoped, so that each run closes what it opened"

/** A layer that registers a task of this name, and says so. */
export const make = <const Name extends string, R>(
  taskName: Name,
  layer: Layer.Layer<never, never, TaskRegistry | R>
): TaskLayer<Name, R> => Object.assign(layer, { taskName })

/** The name of a task that two different layers have. The same layer twice is one: it is built once. */
export const duplicate = (layers: ReadonlyArray<object>): string | undefined => {
  const known = new Map<unknown, object>()
  for (const layer of layers) {
    if (!("taskName" in layer) || typeof layer.taskName !== "string") continue
    const other = known.get(layer.taskName)
    if (other !== undefined && other !== layer) return layer.taskName
    known.set(layer.taskName, layer)
  }
  return undefined
}
