/**
 * What the compiler says of steps and handlers that do not fit into a worker.
 *
 * @since 0.1.0
 */
import type * as Bootstep from "@celeriac/bootsteps/Bootstep"
import type { Control } from "@celeriac/bootsteps/Control"
import type * as StepChecks from "@celeriac/bootsteps/StepChecks"
import type { TaskRegistry } from "@celeriac/tasks/TaskRegistry"
import type * as Layer from "effect/Layer"
import type { Connection } from "./consumer/Connection.ts"

export type List = ReadonlyArray<Bootstep.Any>

/** Services of steps are told from an application's own by their keys. */
type OfSteps<R> = Extract<R, { readonly key: `Bootstep/${string}` }>

/** What an application provides is not missing: it becomes a need of the worker. */
type Foreign<S> = Exclude<Bootstep.Requires<S>, OfSteps<Bootstep.Requires<S>>>

/** What lives with a connection alone, and `S` requires. `W` are the steps of the Worker blueprint, `C` of the Consumer. */
type TooEarly<S, W, C> = Exclude<Extract<Bootstep.Requires<S>, Bootstep.Provides<C>>, Bootstep.Provides<W> | Control>

/** Steps for the Worker blueprint, which has the steps `Others` already. `C` are the steps of the Consumer blueprint. */
export type ForWorker<Own extends List, Others, C> = {
  readonly [K in keyof Own]: [TooEarly<Own[K], Own[number] | Others, C>] extends [never]
    ? StepChecks.Check<Own, Foreign<Own[number]>, Others, "the Worker blueprint">[K]
    : `Bootstep '${Bootstep.Name<Own[K]>}' requires '${Bootstep.KeyName<
      TooEarly<Own[K], Own[number] | Others, C>
    >}', which comes later, with each connection: list it under steps.consumer`
}

/** Steps for the Consumer blueprint, which has the steps `Others` already. `W` are the steps of the Worker blueprint. */
export type ForConsumer<Own extends List, Others, W> = StepChecks.Check<
  Own,
  Foreign<Own[number]> | Bootstep.Provides<W>,
  Others,
  "either blueprint"
>

/** A step that takes the place of one of its name: in the blueprint `In`, or in the one that has it. */
export type Replacement<S extends Bootstep.Any, W, C, In> = string extends Bootstep.Name<S> ? S
  : In extends "worker" ? InWorker<S, W, C>
  : In extends "consumer" ? InConsumer<S, W, C>
  : [Named<S, W>] extends [never] ? InConsumer<S, W, C>
  : [Named<S, C>] extends [never] ? InWorker<S, W, C>
  : `Both blueprints of this worker have a step named '${Bootstep.Name<S>}': say which one is meant with 'in'`

type InWorker<S extends Bootstep.Any, W, C> = [TooEarly<S, W, C>] extends [never]
  ? StepChecks.CheckReplaced<S, W, Foreign<S>, "This worker", "the Worker blueprint">
  : `Bootstep '${Bootstep.Name<S>}' requires '${Bootstep.KeyName<
    TooEarly<S, W, C>
  >}', which comes later, with each connection: a step of the Worker blueprint cannot wait for it`

type InConsumer<S extends Bootstep.Any, W, C> = StepChecks.CheckReplaced<
  S,
  C,
  Foreign<S> | Bootstep.Provides<W>,
  "This worker",
  "either blueprint"
>

type Named<S, Steps> = string extends Bootstep.Name<Steps> | Bootstep.Name<S> ? never
  : Steps extends { readonly stepName: Bootstep.Name<S> } ? Steps
  : never

/** Steps of which the one of the name of `S` was replaced by it, if there was one. */
export type Swapped<Steps, S> = [Named<S, Steps>] extends [never] ? Steps : Exclude<Steps, Named<S, Steps>> | S

/** What a handler uses. */
export type NeedsOf<L> = L extends Layer.Layer<never, infer _E, infer R> ? Exclude<R, TaskRegistry> : never

/** Handlers of tasks, which run whether or not there is a connection. `M` is what middleware provides. */
export type Handlers<T extends ReadonlyArray<Layer.Layer<never, any, any>>, W, C, M> = {
  readonly [K in keyof T]: [Gone<T[K], W, C>] extends [never] ? [Nowhere<T[K], W, M>] extends [never] ? T[K]
    : `A handler uses '${Bootstep.KeyName<
      Nowhere<T[K], W, M>
    >}', which no step of this worker provides: list its step under steps.worker`
    : `A handler uses '${Bootstep.KeyName<
      Gone<T[K], W, C>
    >}', which lives with one connection, and tasks outlive that: use what a step under steps.worker provides`
}

/** Any layer, as handlers of tasks and agents are. */
export type Layered = Layer.Layer<never, any, any>

/** The agent of a worker that has the steps `W` in its Worker blueprint. */
export type Agent<A, W> = [Absent<A, W>] extends [never] ? A
  : `The agent uses '${Bootstep.KeyName<
    Absent<A, W>
  >}', which is not there when a connection begins: it may use the connection, and what steps of the Worker blueprint provide`

type Absent<A, W> = Exclude<OfSteps<NeedsOf<A>>, Bootstep.Provides<W> | Connection>

type Gone<L, W, C> = Exclude<Extract<NeedsOf<L>, Bootstep.Provides<C>>, Bootstep.Provides<W>>

type Nowhere<L, W, M> = Exclude<OfSteps<NeedsOf<L>>, Bootstep.Provides<W> | M>
