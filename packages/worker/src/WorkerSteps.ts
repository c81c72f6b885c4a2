/**
 * Which steps a worker is made of, and what steps of your own may require.
 *
 * A step that requires another step which is not there does not compile, and
 * says so; what else it requires (a database, a mailer) becomes a requirement
 * of the worker.
 *
 * @since 0.1.0
 */
import * as Blueprint from "@celeriac/bootsteps/Blueprint"
import type * as Bootstep from "@celeriac/bootsteps/Bootstep"
import type { Control } from "@celeriac/bootsteps/Control"
import { Transport } from "@celeriac/messaging/Transport"
import { ResultBackend } from "@celeriac/tasks/result/ResultBackend"
import { TaskRegistry } from "@celeriac/tasks/TaskRegistry"
import type * as Context from "effect/Context"
import * as Result from "effect/Result"
import { Execution } from "./boot/Execution.ts"
import { Hub } from "./boot/Hub.ts"
import { Pool } from "./boot/Pool.ts"
import { Queues } from "./boot/Queues.ts"
import { Timer } from "./boot/Timer.ts"
import * as Consumer from "./consumer/Consumer.ts"
import type { Settings } from "./state/WorkerSettings.ts"
import { type State, WorkerState } from "./state/WorkerState.ts"

/** Of the Worker blueprint, before its last step, the Consumer. */
export const worker = [
  Timer,
  Hub,
  Queues,
  Pool,
  Execution
] as const

/** Of the Consumer blueprint. */
export const consumer = Consumer.steps

/** Services that every step may require, besides other steps. */
const outside = [WorkerState, TaskRegistry, ResultBackend, Transport] as const

type Outside = Bootstep.IdOf<typeof outside> | Control

export type List = ReadonlyArray<Bootstep.Any>

/** What the default steps, and `Own` ones, provide in the Worker blueprint. */
export type WorkerProvides<Own extends List> = Bootstep.Provides<typeof worker[number] | Own[number]>

export type ConsumerProvides<Own extends List> = Bootstep.Provides<typeof consumer[number] | Own[number]>

/** Each step that requires a step which is not there becomes a sentence. */
export type Check<Own extends List, Known, Where extends string> = {
  readonly [K in keyof Own]: [MissingStep<Own[K], Known>] extends [never] ? Own[K]
    : `Bootstep '${Bootstep.Name<Own[K]>}' requires '${Bootstep.KeyName<
      MissingStep<Own[K], Known>
    >}', which no step of ${Where} provides`
}

type MissingStep<S, Known> = Extract<Exclude<Bootstep.Requires<S>, Known>, { readonly key: `Bootstep/${string}` }>

/** What steps of your own need from outside of the worker. */
export type Needs<W extends List, C extends List> = Exclude<
  Bootstep.Requires<W[number] | C[number]>,
  WorkerProvides<W> | ConsumerProvides<C> | Outside
>

export type Errors<W extends List, C extends List> = Bootstep.Error<
  typeof worker[number] | typeof consumer[number] | W[number] | C[number]
>

/** Both blueprints, one inside the other. Fails with `BootGraphError` for steps that do not fit together. */
export const compose = (
  own: { readonly worker: List; readonly consumer: List },
  settings: Settings,
  state: State
) => {
  const inner = Result.getOrThrow(
    Blueprint.makeResult("Consumer", [...consumer, ...own.consumer], {
      expects: [...Consumer.expects, ...foreign(own.consumer), ...provided(own.worker)]
    })
  )
  return Result.getOrThrow(
    Blueprint.makeResult("Worker", [...worker, ...own.worker, Consumer.step(inner, settings, state)], {
      expects: [...outside, ...foreign(own.worker), ...foreign(own.consumer)]
    })
  )
}

/** Tags of services that no step can provide. */
const foreign = (steps: List): ReadonlyArray<Context.Key<any, any>> =>
  steps.flatMap((step) => step.definition.requires.filter((tag) => !tag.key.startsWith("Bootstep/")))

const provided = (steps: List): ReadonlyArray<Context.Key<any, any>> =>
  steps.flatMap((step) => step.definition.provides ?? [])
