/**
 * How a blueprint comes up and goes down: its steps' layers are built as one, and
 * the scopes in which they left what is to be done are closed, one after the other.
 */
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as StopReason from "../StopReason.ts"
import type { Whole } from "./Composing.ts"
import { anew, CurrentLife, type Life, type Phases } from "./Life.ts"

/** A life whose phases are ours to begin. */
export type OwnLife = Life<{ readonly [K in keyof Phases]: Scope.Closeable | Extract<Phases[K], undefined> }>

/** Fresh scopes: for an outermost blueprint, or for one turn of a nested one. */
export const phases = (nested: boolean): OwnLife["phases"] => ({
  closing: Scope.makeUnsafe(),
  stopping: Scope.makeUnsafe(),
  afterwards: Scope.makeUnsafe(),
  final: nested ? Scope.makeUnsafe() : undefined
})

/** The next turn of a nested blueprint. */
export const next = (self: OwnLife): OwnLife => anew(self, phases(true))

/**
 * Builds the whole, and gives what its steps provide. On failure, what is up is
 * stopped for the reason that `reasonOf` finds in it.
 *
 * Must run uninterrupted: `unless` says what may abort it.
 */
export const boot = Effect.fnUntraced(function*(
  self: OwnLife,
  whole: Whole,
  context: Context.Context<unknown>,
  unless: (build: Effect.Effect<Context.Context<never>, unknown>) => Effect.Effect<Context.Context<never>, unknown>,
  reasonOf: (cause: Cause.Cause<unknown>) => StopReason.StopReason
) {
  self.parent.state = "running"
  // Fresh, not a fork of the memo map around: that has the steps of the blueprint around, and theirs are other ones.
  const build = Layer.buildWithScope(Layer.fresh(whole), self.phases.stopping)
  const exit = yield* Effect.exit(unless(Effect.provideContext(build, Context.add(context, CurrentLife, self))))
  if (Exit.isFailure(exit)) {
    yield* stop(self, reasonOf(exit.cause))
    return yield* exit
  }
  return onlyProvided(self, exit.value)
})

/** Without the memo map, which a build adds to what it gives. */
const onlyProvided = ({ graph }: Life, built: Context.Context<never>): Context.Context<never> => {
  const services = new Map<string, unknown>()
  for (const { definition: { provides } } of graph.nodes) {
    if (provides !== undefined) services.set(provides.key, built.mapUnsafe.get(provides.key))
  }
  return Context.makeUnsafe(services)
}

/** First phase of a stop: every step quiesces, those of the blueprints inside too. */
export const close = (self: OwnLife, reason: StopReason.Shutdown): Effect.Effect<void> =>
  Effect.suspend(() => {
    self.parent.state = "closing"
    return Scope.close(self.phases.closing, StopReason.toExit(reason))
  })

/** Second phase: every step stops. */
export const stop = Effect.fnUntraced(function*(self: OwnLife, reason: StopReason.StopReason) {
  if (reason._tag !== "Restart") self.parent.state = "closing"
  yield* Scope.close(self.phases.stopping, StopReason.toExit(reason))
  yield* Scope.close(self.phases.afterwards, StopReason.toExit(reason))
  if (self.phases.final === undefined) self.parent.state = "terminating"
})

/** Final stop of a nested blueprint. */
export const shutdown = Effect.fnUntraced(function*(self: OwnLife, reason: StopReason.StopReason) {
  self.parent.state = "terminating"
  if (self.phases.final !== undefined) yield* Scope.close(self.phases.final, StopReason.toExit(reason))
})
