/** How a blueprint comes up: every `init`, then every `start`, each as soon as what it needs is up. */
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { Node } from "../BootGraph.ts"
import * as BootLog from "../BootLog.ts"
import type { BootstepError } from "../BootstepError.ts"
import type { StopReason } from "../StopReason.ts"
import { CurrentStep } from "./CurrentStep.ts"
import type { Definition } from "./Definition.ts"
import { attribute, begin, call, end, type Life } from "./Life.ts"
import { stopAll } from "./Stopping.ts"

/** Runs every `init`, then those of the blueprints inside. */
export const prepare = Effect.fnUntraced(function*<E>(self: Life, context: Context.Context<unknown>) {
  const { name } = self.graph
  yield* BootLog.preparing(name)
  yield* BootLog.building(name)
  for (const { definition } of self.graph.nodes) {
    const { init } = definition
    if (init === undefined) continue
    const begun = yield* begin(self, definition, "initializing")
    yield* call(() => init(self.parent), context).pipe(
      Effect.catchCause((cause) =>
        Effect.andThen(
          end(self, definition, "failed", begun, { cause }),
          Effect.failCause(attribute<E>(cause, name, definition.name, "initializing"))
        )
      )
    )
    yield* end(self, definition, "initialized", begun)
  }
  yield* BootLog.bootOrder(self.graph)
  for (const [definition, child] of self.children) {
    yield* Effect.catchCause(
      child.prepare,
      (cause) => Effect.failCause(attribute<E>(cause, name, definition.name, "initializing"))
    )
  }
})

/**
 * Starts each step as soon as those it needs are up. On failure, what is up is
 * stopped for the reason that `reasonOf` finds in it.
 *
 * Must run uninterrupted: `unless` says what may abort it.
 */
export const boot = Effect.fnUntraced(function*<E>(
  self: Life,
  context: Context.Context<unknown>,
  unless: (starts: Effect.Effect<void, BootstepError<E>>) => Effect.Effect<void, BootstepError<E>>,
  reasonOf: (cause: Cause.Cause<BootstepError<E>>) => StopReason
) {
  self.parent.state = "running"
  const services = new Map<string, unknown>()
  const latches = self.graph.nodes.map(() => Deferred.makeUnsafe<void>())
  const exit = yield* Effect.exit(unless(Effect.forEach(
    self.graph.nodes,
    (node, index) => startStep<E>(self, node, latches, index, services, context),
    { concurrency: "unbounded", discard: true }
  )))
  if (Exit.isFailure(exit)) {
    yield* stopAll(self, reasonOf(exit.cause))
    return yield* Effect.failCause(exit.cause)
  }
  return services
})

/** Lets interruption in. */
export type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

const startStep = <E>(
  self: Life,
  node: Node,
  latches: ReadonlyArray<Deferred.Deferred<void>>,
  index: number,
  services: Map<string, unknown>,
  outside: Context.Context<unknown>
): Effect.Effect<void, BootstepError<E>> =>
  Effect.uninterruptibleMask(Effect.fnUntraced(function*(restore) {
    for (const need of node.needs) yield* restore(Deferred.await(latches[need]!))

    const { definition } = node
    const { name } = self.graph
    const scope = Scope.makeUnsafe()
    const context = within(self, definition, scope, services, outside)
    const child = self.children.get(definition)

    const enabled = definition.enabled === undefined ||
      (yield* restore(Effect.provideContext(definition.enabled, context)).pipe(
        Effect.catchCause((cause) => Effect.failCause(attribute<E>(cause, name, definition.name, "starting")))
      ))
    const begun = self.clock.currentTimeMillisUnsafe()
    if (enabled) {
      yield* BootLog.starting(name, definition.label)
      yield* begin(self, definition, "starting")
    }
    const start = call(() => enabled ? definition.start(self.parent) : definition.disabled ?? Effect.void, context)
    const exit = yield* Effect.exit(restore(
      enabled && child !== undefined ? Effect.tap(start, child.start(context)) : start
    ))
    if (Exit.isFailure(exit)) {
      yield* BootLog.logFailure(Scope.close(scope, exit), "stopping", definition.label)
      yield* end(self, definition, "failed", begun, { cause: exit.cause })
      return yield* Effect.failCause(attribute<E>(exit.cause, name, definition.name, "starting"))
    }

    const value = exit.value
    if (enabled) self.up.push({ definition, self: value, context, scope, enabled, child })
    else if (definition.disabled !== undefined) {
      self.up.push({ definition, self: value, context, scope, enabled, child: undefined })
    }
    if (definition.provides !== undefined) services.set(definition.provides.key, value)
    yield* end(self, definition, enabled ? "started" : "disabled", begun)
    if (enabled) yield* BootLog.substepOk
    Deferred.doneUnsafe(latches[index]!, Exit.void)
  }))

/** What a step sees: the outside, and of the services inside those it requires. */
const within = (
  self: Life,
  definition: Definition,
  scope: Scope.Closeable,
  services: ReadonlyMap<string, unknown>,
  outside: Context.Context<unknown>
): Context.Context<unknown> => {
  const map = new Map<string, unknown>(outside.mapUnsafe)
  for (const tag of definition.requires) {
    if (services.has(tag.key)) map.set(tag.key, services.get(tag.key))
  }
  map.set(Scope.Scope.key, scope)
  map.set(CurrentStep.key, self.steps.get(definition))
  return Context.makeUnsafe<unknown>(map)
}
