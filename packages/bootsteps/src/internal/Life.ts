/**
 * One blueprint, from being prepared to being gone: what is known of it, and what
 * the phases of its life have in common. `Booting` and `Stopping` are the phases;
 * `Root` and `Nested` decide when each begins, and why.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { BootGraph } from "../BootGraph.ts"
import * as BootLog from "../BootLog.ts"
import { BootstepError, type Phase } from "../BootstepError.ts"
import type { Control } from "../Control.ts"
import { type Observe, Observer, type StepEvent } from "../Observer.ts"
import { MutableParent, Nodename } from "../Parent.ts"
import type { StopReason } from "../StopReason.ts"
import type { Child } from "./Child.ts"
import type { CurrentStep } from "./CurrentStep.ts"
import type { Definition, Hook } from "./Definition.ts"

/** A step that is up. */
export interface Up {
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
  readonly control: Control["Service"]
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
  readonly control: Control["Service"]
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

/** What the steps that are up tell of themselves. */
export const info = Effect.fnUntraced(function*(self: Life) {
  const record: Record<string, unknown> = {}
  for (const up of self.up) {
    const { info, label } = up.definition
    if (up.enabled && info !== undefined) {
      const told = yield* call(() => info(up.self, self.parent), up.context).pipe(
        Effect.catchCause((cause) => Effect.as(Effect.logError(`Error on info ${label}`, cause), {}))
      )
      Object.assign(record, told)
    }
    if (up.child !== undefined) Object.assign(record, yield* up.child.info)
  }
  return record
})

/** Calls a hook with the services of its step; a hook that throws is one that dies. */
export const call = <A>(hook: () => Hook<A>, context: Context.Context<unknown>): Effect.Effect<A, unknown> =>
  Effect.provideContext(Effect.suspend(hook), context)

/**
 * Says whose failure it is, unless that is said already. Defects stay defects.
 * Types of errors are erased in definitions: `E` is what the caller knows them to be.
 */
export const attribute = <E>(
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
export const begin = (
  self: Life,
  definition: Definition,
  phase: StepEvent["phase"],
  reason?: StopReason
): Effect.Effect<number> =>
  Effect.suspend(() => {
    const at = self.clock.currentTimeMillisUnsafe()
    return self.observe === undefined
      ? Effect.succeed(at)
      : Effect.as(tell(self, self.observe, definition, phase, at, 0, { reason }), at)
  })

/** Tells the observer that a phase that began at `begun` is over. */
export const end = (
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
