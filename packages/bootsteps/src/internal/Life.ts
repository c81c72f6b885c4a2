/**
 * One blueprint, from being prepared to being gone: prepare, boot, close, stop,
 * shut down. `Root` and `Nested` decide when each of these happens, and why.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { BootGraph, Node } from "../BootGraph.ts"
import * as BootLog from "../BootLog.ts"
import { BootstepError, type Phase } from "../BootstepError.ts"
import * as Control from "../Control.ts"
import { type Observe, Observer, type StepEvent } from "../Observer.ts"
import { MutableParent, Nodename } from "../Parent.ts"
import type { Shutdown, StopReason } from "../StopReason.ts"
import type { Child } from "./Child.ts"
import { CurrentStep } from "./CurrentStep.ts"
import type { Definition, Hook } from "./Definition.ts"

/** A step that is up. */
interface Up {
  readonly definition: Definition
  readonly self: unknown
  readonly context: Context.Context<unknown>
  readonly scope: Scope.Closeable
  /** False for what stands in for a disabled step: it has a scope to close, but no hooks to run. */
  readonly enabled: boolean
  readonly child: Child | undefined
}

export interface Life {
  readonly graph: BootGraph
  readonly parent: MutableParent
  readonly control: Control.Control["Service"]
  readonly observe: Observe | undefined
  readonly clock: Clock.Clock
  readonly children: ReadonlyMap<Definition, Child>
  readonly steps: ReadonlyMap<Definition, CurrentStep>
  /** In the order in which they came up. */
  readonly up: Array<Up>
  /** Stopped, and waiting for `shutdown`, in the order in which they stopped. */
  readonly waiting: Array<Up>
  /** Whether there is a blueprint around this one. */
  readonly nested: boolean
}

/** Makes a life. `fail` is told of steps that fail after they came up, `info` tells of all that runs. */
export const make = <E>(options: {
  readonly graph: BootGraph
  readonly context: Context.Context<unknown>
  readonly control: Control.Control["Service"]
  readonly nested: boolean
  readonly fail: (cause: Cause.Cause<BootstepError<E>>) => Effect.Effect<void>
  readonly info: Effect.Effect<Readonly<Record<string, unknown>>>
}): Life => {
  const { context, control, graph } = options
  const children = new Map<Definition, Child>()
  const steps = new Map<Definition, CurrentStep>()
  for (const { definition } of graph.nodes) {
    const step: CurrentStep = {
      fail: (cause) => options.fail(attribute<E>(cause, graph.name, definition.name, "running")),
      info: options.info
    }
    steps.set(definition, step)
    if (definition.child !== undefined) children.set(definition, definition.child.make({ context, control, step }))
  }
  return {
    graph,
    parent: new MutableParent(graph.name, Context.get(context, Nodename)),
    control,
    observe: Context.get(context, Observer),
    clock: Context.get(context, Clock.Clock),
    children,
    steps,
    up: [],
    waiting: [],
    nested: options.nested
  }
}

/** Runs every `init`, then those of the blueprints inside. */
export const prepare = Effect.fnUntraced(function*<E>(self: Life, context: Context.Context<unknown>) {
  const { name } = self.graph
  yield* BootLog.preparing(name)
  yield* BootLog.building(name)
  for (const { definition } of self.graph.nodes) {
    if (definition.init === undefined) continue
    const begun = yield* begin(self, definition, "initializing")
    yield* call(() => definition.init!(self.parent), context).pipe(
      Effect.catchCause((cause) =>
        Effect.andThen(
          end(self, definition, "failed", begun, { cause }),
          Effect.failCause(attribute<E>(cause, name, definition.name, "initializing"))
        ))
    )
    yield* end(self, definition, "initialized", begun)
  }
  yield* BootLog.bootOrder(self.graph)
  for (const [definition, child] of self.children) {
    yield* Effect.catchCause(child.prepare, (cause) =>
      Effect.failCause(attribute<E>(cause, name, definition.name, "initializing")))
  }
})

/**
 * Starts each step as soon as those it needs are up. On failure, what is up is
 * stopped for the reason that `reasonOf` finds in it.
 *
 * Must run uninterrupted: `restore` says where interruption is welcome.
 */
export const boot = Effect.fnUntraced(function*<E>(
  self: Life,
  context: Context.Context<unknown>,
  restore: Restore,
  reasonOf: (cause: Cause.Cause<BootstepError<E>>) => StopReason
) {
  self.parent.state = "running"
  const services = new Map<string, unknown>()
  const latches = self.graph.nodes.map(() => Deferred.makeUnsafe<void>())
  const exit = yield* Effect.exit(restore(Effect.forEach(
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

    const stays = enabled || definition.disabled !== undefined
    if (stays) self.up.push({ definition, self: exit.value, context, scope, enabled, child: enabled ? child : undefined })
    if (definition.provides !== undefined) services.set(definition.provides.key, exit.value)
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

/** First phase of a stop: every step quiesces, in reverse, those of the blueprints inside too. */
export const closeAll = Effect.fnUntraced(function*(self: Life, reason: Shutdown) {
  self.parent.state = "closing"
  for (const { child, context, definition, enabled, self: value } of self.up.toReversed()) {
    if (!enabled) continue
    yield* BootLog.ending(self.graph.name, "Closing", definition.label)
    const begun = yield* begin(self, definition, "closing", reason)
    if (definition.close !== undefined) {
      yield* BootLog.logFailure(call(() => definition.close!(value, reason, self.parent), context), "closing", definition.label)
    }
    if (child !== undefined) yield* child.close(reason)
    yield* end(self, definition, "closed", begun, { reason })
  }
})

/** Second phase: stops what is up, one at a time, in the exact reverse of the order in which it came up. */
export const stopAll = Effect.fnUntraced(function*(self: Life, reason: StopReason) {
  if (reason._tag !== "Restart") self.parent.state = "closing"
  for (let up = self.up.pop(); up !== undefined; up = self.up.pop()) {
    const escalated = self.control.currentUnsafe()
    yield* stopStep(self, up, escalated?._tag === "Terminate" ? escalated : reason)
  }
  for (const child of Array.from(self.children.values()).reverse()) yield* child.shutdown
  if (!self.nested) self.parent.state = "terminating"
})

const stopStep = Effect.fnUntraced(function*(self: Life, up: Up, reason: StopReason) {
  const { definition } = up
  if (!up.enabled) return yield* closeScope(up, "stopping", reason)
  const verb = verbs[reason._tag]
  yield* BootLog.ending(self.graph.name, verb, definition.label)
  const begun = yield* begin(self, definition, "stopping", reason)
  if (up.child !== undefined) yield* up.child.stop(reason)
  yield* stopHook(self, up, reason)
  if (self.nested && definition.shutdown !== undefined && reason._tag !== "Restart") self.waiting.push(up)
  else yield* closeScope(up, "stopping", reason)
  yield* end(self, definition, "stopped", begun, { reason })
})

const verbs = { Restart: "Restarting", Shutdown: "Stopping", Terminate: "Terminating" } as const

const stopHook = (self: Life, up: Up, reason: StopReason): Effect.Effect<void> => {
  const { definition } = up
  const stop = definition.stop === undefined ? undefined : (why: StopReason) =>
    BootLog.logFailure(call(() => definition.stop!(up.self, why, self.parent), up.context), actions[why._tag], definition.label)
  const terminate = definition.terminate === undefined ? undefined : () =>
    BootLog.logFailure(call(() => definition.terminate!(up.self, self.parent), up.context), "terminating", definition.label)
  if (reason._tag === "Terminate") return terminate?.() ?? stop?.(reason) ?? Effect.void
  if (stop === undefined) return Effect.void
  return Control.orElseTerminate(self.control, stop(reason), () =>
    Effect.andThen(BootLog.ending(self.graph.name, "Terminating", definition.label), terminate?.() ?? Effect.void))
}

const actions = { Restart: "restarting", Shutdown: "stopping", Terminate: "terminating" } as const

/** Final stop of the steps that wait for it. */
export const shutdownAll = Effect.fnUntraced(function*(self: Life, reason: StopReason) {
  self.parent.state = "terminating"
  for (let up = self.waiting.shift(); up !== undefined; up = self.waiting.shift()) {
    const { definition } = up
    yield* BootLog.ending(self.graph.name, "Shutdown", definition.label)
    const begun = yield* begin(self, definition, "shuttingDown", reason)
    if (definition.shutdown !== undefined) {
      yield* BootLog.logFailure(call(() => definition.shutdown!(up.self, self.parent), up.context), "shutdown", definition.label)
    }
    yield* closeScope(up, "shutdown", reason)
    yield* end(self, definition, "shutDown", begun, { reason })
  }
})

/** What the steps that are up tell of themselves. */
export const info = Effect.fnUntraced(function*(self: Life) {
  const record: Record<string, unknown> = {}
  for (const up of self.up) {
    if (up.enabled && up.definition.info !== undefined) {
      Object.assign(
        record,
        yield* call(() => up.definition.info!(up.self, self.parent), up.context).pipe(
          Effect.catchCause((cause) => Effect.as(Effect.logError(`Error on info ${up.definition.label}`, cause), {}))
        )
      )
    }
    if (up.child !== undefined) Object.assign(record, yield* up.child.info)
  }
  return record
})

/** Calls a hook with the services of its step; a hook that throws is one that dies. */
const call = <A>(hook: () => Hook<A>, context: Context.Context<unknown>): Effect.Effect<A, unknown> =>
  Effect.provideContext(Effect.suspend(hook), context)

const closeScope = (up: Up, action: "stopping" | "shutdown", reason: StopReason): Effect.Effect<void> =>
  BootLog.logFailure(
    Scope.close(up.scope, reason.cause === undefined ? Exit.void : Exit.failCause(reason.cause)),
    action,
    up.definition.label
  )

/**
 * Says whose failure it is, unless that is said already. Defects stay defects.
 * Types of errors are erased in definitions: `E` is what the caller knows them to be.
 */
const attribute = <E>(
  cause: Cause.Cause<unknown>,
  blueprint: string,
  step: string,
  phase: Phase
): Cause.Cause<BootstepError<E>> =>
  Cause.fromReasons(cause.reasons.map((reason) => {
    if (Cause.isInterruptReason(reason)) return reason
    const error = Cause.isFailReason(reason) ? reason.error : reason.defect
    const named: BootstepError<E> = error instanceof BootstepError
      ? error
      : new BootstepError({ blueprint, step, phase, reason: error, cause: error })
    return Cause.isFailReason(reason) ? Cause.makeFailReason(named) : Cause.makeDieReason(named)
  }))

/** Tells the observer that a phase begins, and when that was. */
const begin = (
  self: Life,
  definition: Definition,
  phase: StepEvent["phase"],
  reason?: StopReason
): Effect.Effect<number> =>
  Effect.suspend(() => {
    const at = self.clock.currentTimeMillisUnsafe()
    return self.observe === undefined ? Effect.succeed(at) : Effect.as(tell(self, self.observe, definition, phase, at, 0, { reason }), at)
  })

/** Tells the observer that a phase that began at `begun` is over. */
const end = (
  self: Life,
  definition: Definition,
  phase: StepEvent["phase"],
  begun: number,
  why?: Pick<StepEvent, "cause" | "reason">
): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (self.observe === undefined) return Effect.void
    const at = self.clock.currentTimeMillisUnsafe()
    return tell(self, self.observe, definition, phase, at, at - begun, why)
  })

const tell = (
  self: Life,
  observe: Observe,
  definition: Definition,
  phase: StepEvent["phase"],
  at: number,
  duration: number,
  why: Pick<StepEvent, "cause" | "reason"> | undefined
): Effect.Effect<void> =>
  BootLog.logFailure(
    observe({
      blueprint: self.graph.name,
      step: definition.name,
      label: definition.label,
      phase,
      at,
      duration,
      cause: why?.cause,
      reason: why?.reason
    }),
    "observing",
    definition.label
  )
