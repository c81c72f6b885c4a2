/**
 * One life of a blueprint, from being prepared to being gone. A step's layer finds
 * the life it is built in as an ambient setting; without one it is alone in an
 * application, and has a life of its own.
 *
 * The phases of an ending are scopes. A step that has come up leaves in each
 * what it has to do then, and closing the scope does it, one step after
 * another: the exact reverse of the order in which they came up needs no code.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as BootLog from "../BootLog.ts"
import { BootstepError, type Phase } from "../BootstepError.ts"
import type { Control } from "../Control.ts"
import { type Observe, Observer, type StepEvent } from "../Observer.ts"
import { MutableParent, Nodename } from "../Parent.ts"
import type { StopReason } from "../StopReason.ts"
import type { Child } from "./Child.ts"
import type { CurrentStep } from "./CurrentStep.ts"
import type { Definition, Graph, Hook } from "./Definition.ts"

/** The scopes that a life ends with, in this order. */
export interface Phases {
  /** Quiescing, before any step is stopped. */
  readonly closing: Scope.Scope
  readonly stopping: Scope.Scope
  /** When every step has stopped: final stops of the blueprints inside. */
  readonly afterwards: Scope.Scope
  /** When the blueprint around has stopped too: final stops of a nested blueprint's own steps. */
  readonly final: Scope.Scope | undefined
}

/** A step that is up. */
export interface Up {
  readonly definition: Definition
  readonly self: unknown
  readonly context: Context.Context<unknown>
  readonly scope: Scope.Closeable
  readonly child: Child | undefined
  /** `kept`: stopped, and waiting for `shutdown`. */
  state: "up" | "kept" | "gone"
}

export interface Life<P extends Phases = Phases> {
  readonly graph: Graph
  readonly parent: MutableParent
  readonly control: Control["Service"]
  readonly observe: Observe | undefined
  readonly clock: Clock.Clock
  /** The blueprints inside. */
  readonly children: ReadonlyMap<Definition, Child>
  readonly phases: P
  /** In the order in which they came up, those that are gone too. */
  readonly ups: Array<Up>
  /** A step could not start: none starts any more. */
  failed: boolean
  /** Says whose failure it is, and what that was doing. */
  readonly attribute: Attribute
  /** Told of steps that fail after they came up. */
  readonly fail: (cause: Cause.Cause<unknown>) => Effect.Effect<void>
  /** Tells of all that runs, in the blueprints around too. */
  readonly info: Effect.Effect<Readonly<Record<string, unknown>>>
}

type Attribute = (cause: Cause.Cause<unknown>, definition: Definition, phase: Phase) => Cause.Cause<unknown>

/** Lets interruption in. */
export type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/** The life that a step's layer is built in. */
export const CurrentLife = Context.Reference<Life | undefined>("@celeriac/bootsteps/internal/CurrentLife", {
  defaultValue: () => undefined
})

/** `context` is what it is booted with. */
export const make = <P extends Phases>(
  options: Pick<Life<P>, "graph" | "control" | "phases" | "attribute" | "fail" | "info"> & {
    readonly context: Context.Context<unknown>
  }
): Life<P> => {
  const { context, control, graph } = options
  const children = new Map<Definition, Child>()
  for (const { definition } of graph.nodes) {
    if (definition.child === undefined) continue
    children.set(definition, definition.child.make({ context, control, step: stepOf(options, definition) }))
  }
  return {
    ...options,
    parent: new MutableParent(graph.name, Context.get(context, Nodename)),
    observe: Context.get(context, Observer),
    clock: Context.get(context, Clock.Clock),
    children,
    ups: [],
    failed: false
  }
}

/** The next life of the same blueprint. */
export const anew = <P extends Phases>(self: Life<P>, phases: P): Life<P> => ({
  ...self,
  phases,
  ups: [],
  failed: false
})

/** How code inside of a step reaches the life around it. */
export const stepOf = (self: Pick<Life, "attribute" | "fail" | "info">, definition: Definition): CurrentStep => ({
  fail: (cause) => self.fail(self.attribute(cause, definition, "running")),
  info: self.info
})

/** What the steps that are up tell of themselves, and the blueprints inside, even while they boot. */
export const tell = Effect.fnUntraced(function*(self: Life) {
  const record: Record<string, unknown> = {}
  for (const up of self.ups) {
    const { info, label } = up.definition
    if (up.state !== "up" || info === undefined) continue
    const told = yield* call(() => info(up.self, self.parent), up.context).pipe(
      Effect.catchCause((cause) => Effect.as(Effect.logError(`Error on info ${label}`, cause), {}))
    )
    Object.assign(record, told)
  }
  for (const child of self.children.values()) Object.assign(record, yield* child.info)
  return record
})

/** Calls a hook with the services of its step; a hook that throws is one that dies. */
export const call = <A>(hook: () => Hook<A>, context: Context.Context<unknown>): Effect.Effect<A, unknown> =>
  Effect.provideContext(Effect.suspend(hook), context)

/** Says whose failure it is, unless that is said already. Defects stay defects. */
export const attributeTo = (blueprint: string): Attribute => (cause, { name: step }, phase) =>
  Cause.fromReasons(cause.reasons.map((reason) => {
    if (Cause.isInterruptReason(reason)) return reason
    const error = Cause.isFailReason(reason) ? reason.error : reason.defect
    const named = error instanceof BootstepError
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
    return Effect.as(notify(self, definition, phase, at, 0, { reason }), at)
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
    const at = self.clock.currentTimeMillisUnsafe()
    return notify(self, definition, phase, at, at - begun, why)
  })

const notify = (
  self: Life,
  { label, name: step }: Definition,
  phase: StepEvent["phase"],
  at: number,
  duration: number,
  why: Pick<StepEvent, "cause" | "reason"> | undefined
): Effect.Effect<void> =>
  self.observe === undefined ? Effect.void : BootLog.logFailure(
    self.observe({
      blueprint: self.graph.name,
      step,
      label,
      phase,
      at,
      duration,
      cause: why?.cause,
      reason: why?.reason
    }),
    "observing",
    label
  )
