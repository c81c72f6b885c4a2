/**
 * Which steps a worker is made of, and how they are put together: the Consumer
 * blueprint in the last step of the Worker blueprint.
 *
 * @since 0.1.0
 */
import * as Blueprint from "@celeriac/bootsteps/Blueprint"
import type { BootGraphError } from "@celeriac/bootsteps/BootGraphError"
import type * as Bootstep from "@celeriac/bootsteps/Bootstep"
import type { Control } from "@celeriac/bootsteps/Control"
import * as StepList from "@celeriac/bootsteps/StepList"
import type * as StepOption from "@celeriac/bootsteps/StepOption"
import { LogicalClock } from "@celeriac/messaging/LogicalClock"
import { Transport } from "@celeriac/messaging/Transport"
import { EventDispatcher } from "@celeriac/tasks/event/EventDispatcher"
import { ResultWriter } from "@celeriac/tasks/result/ResultWriter"
import { TaskRegistry } from "@celeriac/tasks/TaskRegistry"
import type * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import { Autoreloader } from "./boot/Autoreloader.ts"
import { Autoscaler } from "./boot/Autoscaler.ts"
import { Beat } from "./boot/Beat.ts"
import { Execution } from "./boot/Execution.ts"
import * as Handlers from "./boot/Handlers.ts"
import { Hub } from "./boot/Hub.ts"
import { Pool } from "./boot/Pool.ts"
import { Queues } from "./boot/Queues.ts"
import { StateDB } from "./boot/StateDB.ts"
import { Timer } from "./boot/Timer.ts"
import * as Agent from "./consumer/Agent.ts"
import * as ConsumerBlueprint from "./consumer/Consumer.ts"
import { Panel } from "./control/Panel.ts"
import { Neighbours } from "./state/Neighbours.ts"
import { AmbiguousStep } from "./state/WorkerError.ts"
import type { Settings } from "./state/WorkerSettings.ts"
import { WorkerState } from "./state/WorkerState.ts"

/** Of the Worker blueprint, before its last steps: the handlers of the tasks, and the Consumer. */
export const worker = [
  Timer,
  Hub,
  Queues,
  Pool,
  Autoscaler,
  StateDB,
  Beat,
  Autoreloader,
  Execution
] as const

/** Of the Consumer blueprint. */
export const consumer = ConsumerBlueprint.steps

export type Worker = typeof worker[number]
export type Consumer = typeof consumer[number]

/** Services that every step may require, besides other steps. */
const outside = [
  WorkerState,
  Neighbours,
  LogicalClock,
  EventDispatcher,
  Panel,
  TaskRegistry,
  ResultWriter,
  Transport
] as const

export type List = ReadonlyArray<Bootstep.Any>

/** `undefined` is as good as none: without it here, a literal one is taken for any list. */
export type Maybe = List | undefined

/** The steps of a list. */
export type Of<L extends Maybe> = NonNullable<L>[number]

/** What steps of the blueprints `W` and `C` need from outside of the worker. */
export type Needs<W, C> = Exclude<
  Bootstep.Requires<W | C>,
  Bootstep.Provides<W | C> | Bootstep.IdOf<typeof outside> | Control | StepOption.AnyId
>

/** The steps of both blueprints. */
export interface Steps {
  readonly worker: List
  readonly consumer: List
}

type More = { readonly [K in keyof Steps]?: Steps[K] | undefined }

/** The default steps, and one's own after them. An agent may use what steps of the Worker blueprint provide. */
export const withDefaults = (own: More = {}, agent?: Layer.Layer<never, unknown, never>): Steps => {
  const steps = add({ worker, consumer }, own)
  if (agent === undefined) return steps
  const filled = Agent.of(agent, provided(steps.worker))
  return { ...steps, consumer: steps.consumer.map((step) => step === Agent.Agent ? filled : step) }
}

export const add = (steps: Steps, more: More): Steps => ({
  worker: [...steps.worker, ...more.worker ?? []],
  consumer: [...steps.consumer, ...more.consumer ?? []]
})

/** Of the Worker blueprint, those that are not a worker's own, nor in the place of one. */
export const own = (steps: Steps): List => {
  const names = new Set<string>(worker.map(({ stepName }) => stepName))
  return steps.worker.filter(({ stepName }) => !names.has(stepName))
}

/** Puts a step in the place of the one of its name, in the blueprint that has it or that is said. */
export const replace = (
  steps: Steps,
  step: Bootstep.Any,
  blueprint: keyof Steps | undefined
): Result.Result<Steps, BootGraphError | AmbiguousStep> => {
  const has = (list: List) => list.some(({ stepName }) => stepName === step.stepName)
  if (blueprint === undefined && has(steps.worker) && has(steps.consumer)) {
    return Result.fail(new AmbiguousStep({ step: step.stepName }))
  }
  return (blueprint ?? (has(steps.worker) ? "worker" : "consumer")) === "worker"
    ? Result.map(StepList.replace("Worker", steps.worker, step), (worker) => ({ ...steps, worker }))
    : Result.map(StepList.replace("Consumer", steps.consumer, step), (consumer) => ({ ...steps, consumer }))
}

/** Both blueprints, one inside the other. Fails for steps that do not fit together. */
export const compose = (
  steps: Steps,
  handlers: Handlers.List,
  settings: Settings
): Result.Result<Blueprint.Any, BootGraphError> => {
  const services = provided(steps.worker)
  return Result.flatMap(
    Blueprint.makeResult("Consumer", steps.consumer, {
      expects: [...outside, ...services, ...foreign(steps.consumer)]
    }),
    (inner) =>
      Blueprint.makeResult("Worker", [
        ...steps.worker,
        ...handlers.length === 0 ? [] : [Handlers.step(handlers, services)],
        ConsumerBlueprint.step(inner, settings)
      ], { expects: [...outside, ...foreign(steps.worker), ...foreign(steps.consumer)] })
  )
}

/** Tags of services that no step can provide. */
const foreign = (steps: List): Bootstep.Tags =>
  steps.flatMap((step) => step.definition.requires.filter((tag) => !tag.key.startsWith("Bootstep/")))

/** Tags of the services of steps. */
const provided = (steps: List): Bootstep.Tags => steps.flatMap((step) => step.definition.provides ?? [])
