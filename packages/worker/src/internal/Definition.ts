/** A worker as a value: what can be done with it before it is up. */
import type * as Blueprint from "@celeriac/bootsteps/Blueprint"
import type * as Bootstep from "@celeriac/bootsteps/Bootstep"
import type { BootstepError } from "@celeriac/bootsteps/BootstepError"
import type * as StepOption from "@celeriac/bootsteps/StepOption"
import type { Transport } from "@celeriac/messaging/Transport"
import type * as BrokerSettings from "@celeriac/tasks/BrokerSettings"
import type { ResultWriter } from "@celeriac/tasks/result/ResultWriter"
import type * as TaskSettings from "@celeriac/tasks/TaskSettings"
import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Types from "effect/Types"
import type * as WorkerExit from "../state/WorkerExit.ts"
import type * as WorkerSettings from "../state/WorkerSettings.ts"
import type * as Program from "../trace/Program.ts"
import type * as WorkerChecks from "../WorkerChecks.ts"
import type * as WorkerSteps from "../WorkerSteps.ts"
import type { Worker } from "./WorkerService.ts"

/**
 * A worker that is not up: everything about it but its broker and its result
 * backend. `W` and `C` are the steps of its blueprints, `H` what its handlers use.
 */
export interface Definition<out E, out R, out W = Bootstep.Any, out C = Bootstep.Any, out H = unknown>
  extends Program.HasProgram
{
  readonly [TypeId]: Variance<W, C, H>
  readonly settings: WorkerSettings.Settings
  /** Those of its tasks that were given. */
  readonly taskSettings: TaskSettings.Some
  /** Where its broker is, if its module says so: the command reads it. */
  readonly brokerSettings: BrokerSettings.Some
  /** Both blueprints, to be drawn. */
  readonly blueprint: Blueprint.Any
  /** The same worker, set up otherwise. */
  readonly with: <Self extends Definition<any, any>>(
    this: Self,
    overrides: Overrides & {
      /** Options of its steps, by their names. */
      readonly options?: StepOption.Some<Bootstep.Requires<WorkerOf<Self> | ConsumerOf<Self>>> | undefined
    }
  ) => Self
  /**
   * The same worker with a step in the place of the one of its name: another
   * implementation, or a stand-in for a test. `in` says which blueprint is meant
   * when both have a step of that name.
   */
  readonly replace: <
    Self extends Definition<any, any>,
    const S extends Bootstep.Any,
    const In extends keyof WorkerSteps.Steps | undefined = undefined
  >(
    this: Self,
    step: S & WorkerChecks.Replacement<S, WorkerOf<Self>, ConsumerOf<Self>, In>,
    ...choice: Choice<In, StepOption.Taken<Bootstep.Requires<S>, Bootstep.Requires<WorkerOf<Self> | ConsumerOf<Self>>>>
  ) => Changed<
    Self,
    In extends "consumer" ? WorkerOf<Self> : WorkerChecks.Swapped<WorkerOf<Self>, S>,
    In extends "worker" ? ConsumerOf<Self> : WorkerChecks.Swapped<ConsumerOf<Self>, S>
  >
  /** The same worker with more steps, in either blueprint. */
  readonly add: <
    Self extends Definition<any, any>,
    const W2 extends WorkerSteps.Maybe = [],
    const C2 extends WorkerSteps.Maybe = []
  >(
    this: Self,
    steps:
      & {
        readonly worker?:
          | (W2 & WorkerChecks.ForWorker<NonNullable<W2>, WorkerOf<Self>, ConsumerOf<Self> | WorkerSteps.Of<C2>>)
          | undefined
        readonly consumer?:
          | (C2 & WorkerChecks.ForConsumer<NonNullable<C2>, ConsumerOf<Self>, WorkerOf<Self> | WorkerSteps.Of<W2>>)
          | undefined
      }
      & StepOption.Taken<
        Bootstep.Requires<WorkerSteps.Of<W2> | WorkerSteps.Of<C2>>,
        Bootstep.Requires<WorkerOf<Self> | ConsumerOf<Self>>
      >
  ) => Changed<Self, WorkerOf<Self> | WorkerSteps.Of<W2>, ConsumerOf<Self> | WorkerSteps.Of<C2>>
  /**
   * Boots when it is built, stops warm when its scope closes. It does not listen
   * to signals. When the worker stops by itself, `Worker.awaitShutdown` tells.
   */
  readonly layer: Layer.Layer<Worker, E | BootstepError, R>
  /** Boots, runs until it is asked to stop, and stops, listening to the signals of the process. */
  readonly run: Effect.Effect<void, WorkerExit.WorkerFailure, R>
}

interface Variance<out W, out C, out H> {
  readonly _W: Types.Covariant<W>
  readonly _C: Types.Covariant<C>
  readonly _H: Types.Covariant<H>
}

type WorkerOf<D> = D extends { readonly [TypeId]: Variance<infer W, unknown, unknown> } ? W : never
type ConsumerOf<D> = D extends { readonly [TypeId]: Variance<unknown, infer C, unknown> } ? C : never

/** What is said with a step that takes the place of another: nothing, unless it has options that must be given. */
type Choice<In, Taken> = {} extends Taken ? [choice?: { readonly in?: In } & Taken]
  : [choice: { readonly in?: In } & Taken]

/** A definition of these steps, and of handlers that use `H`. */
export type Of<E, H, W, C> = Definition<
  E,
  Exclude<H, Bootstep.Provides<W>> | WorkerSteps.Needs<W, C> | Transport | ResultWriter,
  W,
  C,
  H
>

/** The definition with other steps. */
type Changed<D, W, C> = D extends { readonly [TypeId]: Variance<unknown, unknown, infer H> }
  ? D extends Definition<infer E, any> ? Of<E, H, W, C> : never
  : never

/** What a command line may change of a definition. */
export interface Overrides extends WorkerSettings.Changes {
  /** Those of the tasks, besides those of the worker. */
  readonly settings?: WorkerSettings.Given
}

export const TypeId = "~@celeriac/worker/Worker"

const covariant = (_: never) => _

export const variance: Variance<never, never, never> = { _W: covariant, _C: covariant, _H: covariant }

export const isDefinition = (value: unknown): value is Definition<unknown, unknown> =>
  typeof value === "object" && value !== null && TypeId in value
