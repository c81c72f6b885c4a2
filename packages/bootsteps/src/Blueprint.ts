/**
 * A blueprint: bootsteps put together into one thing that boots and stops.
 *
 * It starts each step as soon as the steps it requires are up, independent ones
 * side by side, and stops them one at a time in the exact reverse of the order in
 * which they came up. A stop has two phases: every step's `close`, then every
 * step's `stop`. When a step fails to start, those that are up are stopped in the
 * same way. A blueprint is a layer of the services its steps provide, and a step
 * of another blueprint can run it again and again: see `Blueprint.step`.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import * as BootGraph from "./BootGraph.ts"
import { type BootGraphError, orThrow } from "./BootGraphError.ts"
import * as Bootstep from "./Bootstep.ts"
import type { BootstepError } from "./BootstepError.ts"
import { Control } from "./Control.ts"
import * as Diagram from "./Diagram.ts"
import type { Any, Blueprint } from "./internal/BlueprintModel.ts"
import { compose } from "./internal/Composing.ts"
import { CurrentStep } from "./internal/CurrentStep.ts"
import * as Root from "./internal/Root.ts"
import type { Check, CheckReplaced } from "./StepChecks.ts"
import * as StepList from "./StepList.ts"
import type { Shutdown, Terminate } from "./StopReason.ts"

export { type RestartDetails, step, type StepOptions } from "./NestedBlueprint.ts"

export type { Any, Blueprint } from "./internal/BlueprintModel.ts"
export type { Check } from "./StepChecks.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options<Expects extends Bootstep.Tags> {
  /** Services that steps may require though no step provides them. They stay open in the layer's requirements. */
  readonly expects?: Expects | undefined
}

/** A blueprint of these steps, its types summed up. */
type Of<N extends string, Steps> = Blueprint<
  N,
  Bootstep.Provides<Steps>,
  Bootstep.Error<Steps>,
  Exclude<Bootstep.Requires<Steps>, Bootstep.Provides<Steps>>,
  Steps
>

/**
 * A blueprint of these steps. Throws a `BootGraphError` for a graph that can
 * never boot.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <
  const N extends string,
  const Steps extends ReadonlyArray<Bootstep.Any>,
  const Expects extends Bootstep.Tags = []
>(
  name: N,
  steps: Steps & Check<Steps, Bootstep.IdOf<Expects>>,
  options?: Options<Expects>
): Of<N, Steps[number]> => orThrow(fromSteps(name, steps, options?.expects ?? []), make)

/**
 * {@link make} for steps that are known only at run time: what the type checker
 * would have found is found too, as a value.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeResult = <
  const N extends string,
  const Steps extends ReadonlyArray<Bootstep.Any>,
  const Expects extends Bootstep.Tags = []
>(
  name: N,
  steps: Steps,
  options?: Options<Expects>
): Result.Result<Of<N, Steps[number]>, BootGraphError> => fromSteps(name, steps, options?.expects ?? [])

/**
 * Adds steps to somebody's blueprint.
 *
 * @category combinators
 * @since 0.1.0
 */
export const add = <N extends string, P, E, R, S extends Bootstep.Any, const Steps extends ReadonlyArray<Bootstep.Any>>(
  self: Blueprint<N, P, E, R, S>,
  ...steps: Steps & Check<Steps, P | R, S>
): Blueprint<
  N,
  P | Bootstep.Provides<Steps[number]>,
  E | Bootstep.Error<Steps[number]>,
  Exclude<R | Bootstep.Requires<Steps[number]>, P | Bootstep.Provides<Steps[number]>>,
  S | Steps[number]
> => orThrow(fromSteps(self.name, [...self.steps, ...steps], self.expects), add)

/**
 * Puts a step in the place of the one that has its name: another implementation,
 * or a stand-in for a test.
 *
 * @category combinators
 * @since 0.1.0
 */
export const replace = <N extends string, P, E, R, Steps extends Bootstep.Any, const S extends Bootstep.Any>(
  self: Blueprint<N, P, E, R, Steps>,
  step: S & CheckReplaced<S, Steps, P | R, `Blueprint '${N}'`>
): Replaced<N, P, E, R, Steps, S> => {
  const steps = orThrow(StepList.replace(self.name, self.steps, step), replace)
  const replaced: Blueprint<N, P, unknown, never, never> = orThrow(fromSteps(self.name, steps, self.expects), replace)
  // Which of the two it is, only a caller's types can tell.
  return replaced as Replaced<N, P, E, R, Steps, S>
}

/** Of steps that are known at run time only, what the replaced one needed and failed with is not known to be gone. */
type Replaced<N extends string, P, E, R, Steps, S> = string extends Bootstep.Name<Steps> | Bootstep.Name<S>
  ? Blueprint<N, P | Bootstep.Provides<S>, E | Bootstep.Error<S>, R | Exclude<Bootstep.Requires<S>, P>, Steps | S>
  : Of<N, Exclude<Steps, { readonly stepName: Bootstep.Name<S> }> | S>

/** The types of the steps are summed up in those of the blueprint, which the callers above compute. */
const fromSteps = <N extends string, P, E, R, S>(
  name: N,
  steps: ReadonlyArray<Bootstep.Any>,
  expects: Bootstep.Tags
): Result.Result<Blueprint<N, P, E, R, S>, BootGraphError> =>
  Result.map(
    BootGraph.make(
      name,
      steps.map((step) => step.definition),
      new Set([Control.key, ...expects.map((tag) => tag.key)])
    ),
    (graph) => ({
      name,
      // Their types are what the callers say.
      steps: steps as ReadonlyArray<Bootstep.Any & S>,
      expects,
      graph,
      layer: layer<P, E, R>(graph, steps)
    })
  )

const layer = <P, E, R>(
  graph: BootGraph.BootGraph,
  steps: ReadonlyArray<Bootstep.Any>
): Layer.Layer<P, BootstepError<E>, R | Control> =>
  Layer.fromBuildMemo((_, scope) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.tap(
        Root.boot<P, E, R>(graph, compose(graph, steps), restore),
        (root) => Scope.addFinalizerExit(scope, (exit) => root.stop(exit))
      )
    ).pipe(Effect.map((root) => root.context))
  )

/**
 * Boots, runs `use` with what the steps provide, and stops when it ends: for the
 * reason the operator gave to `Control`, else with a warm shutdown. When a
 * supervised fiber or a nested blueprint fails for good, `use` is interrupted
 * and the error is the outcome. A stop asked for before everything is up
 * interrupts the boot.
 *
 * @category running
 * @since 0.1.0
 */
export const run = <N extends string, P, E, R, A, E2, R2>(
  self: Blueprint<N, P, E, R>,
  use: Effect.Effect<A, E2, R2>
): Effect.Effect<A, BootstepError<E> | E2, R | Control | Exclude<R2, P>> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(
      Root.boot<P, E, R>(self.graph, compose(self.graph, self.steps), restore),
      (root) =>
        restore(Effect.raceFirst(Effect.provideContext(use, root.context), root.failed)).pipe(
          Effect.exit,
          Effect.tap(root.stop),
          Effect.flatMap((exit) => root.outcome(exit))
        )
    )
  )

/**
 * Boots, waits until `Control` is asked for a stop, stops, and says what was
 * asked for. The whole life of a worker.
 *
 * @category running
 * @since 0.1.0
 */
export const launch = <N extends string, P, E, R>(
  self: Blueprint<N, P, E, R>
): Effect.Effect<Shutdown | Terminate, BootstepError<E>, R | Control> =>
  Effect.flatMap(Control, (control) =>
    Effect.matchCauseEffect(run(self, control.awaitStop), {
      onSuccess: Effect.succeed,
      onFailure: (cause) => {
        const asked = control.currentUnsafe()
        return asked !== undefined && Cause.hasInterruptsOnly(cause) ? Effect.succeed(asked) : Effect.failCause(cause)
      }
    }))

/**
 * What the running steps tell of themselves, put together into one record: of
 * the outermost blueprint around the caller and of those nested in it. For code
 * that runs inside of a step or of `run`; empty elsewhere.
 *
 * @category running
 * @since 0.1.0
 */
export const info: Effect.Effect<Bootstep.Info> = Effect.flatMap(CurrentStep, (step) => step.info)

/**
 * Labels of the steps in boot order.
 *
 * @category drawing
 * @since 0.1.0
 */
export const order = (self: Any): ReadonlyArray<string> => BootGraph.order(self.graph)

/**
 * Labels of the steps in boot order, those that may start together side by side.
 *
 * @category drawing
 * @since 0.1.0
 */
export const levels = (self: Any): ReadonlyArray<ReadonlyArray<string>> => BootGraph.levels(self.graph)

/**
 * A Mermaid flowchart of the blueprint and of those nested in it.
 *
 * @category drawing
 * @since 0.1.0
 */
export const toMermaid = (self: Any): string => Diagram.toMermaid(self.graph)

/**
 * One GraphViz digraph of the blueprint and of those nested in it, as
 * `celery graph bootsteps` prints.
 *
 * @category drawing
 * @since 0.1.0
 */
export const toGraphViz = (self: Any): string => Diagram.toGraphViz(self.graph)
