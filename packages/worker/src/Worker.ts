/**
 * A worker, and the two ways to start it.
 *
 * ```ts
 * const worker = Worker.make({ tasks: [AddLive], concurrency: 8 })
 *
 * // the entry point of a process: signals, exit codes
 * worker.run.pipe(Effect.provide(Broker), NodeRuntime.runMain)
 *
 * // a part of an application: a layer like any other
 * Layer.mergeAll(HttpLive, worker.layer)
 * ```
 *
 * What the handlers and the steps need shows in the type of both until it is
 * provided. `WorkerSteps` lists the steps.
 *
 * @since 0.1.0
 */
import { orThrow } from "@celeriac/bootsteps/BootGraphError"
import type * as Bootstep from "@celeriac/bootsteps/Bootstep"
import type * as StepOption from "@celeriac/bootsteps/StepOption"
import type * as BrokerSettings from "@celeriac/tasks/BrokerSettings"
import type * as Middleware from "@celeriac/tasks/Middleware"
import * as Misspelt from "@celeriac/tasks/Misspelt"
import type { TaskContext } from "@celeriac/tasks/TaskContext"
import { because, DuplicateTask, InvalidOption } from "@celeriac/tasks/TaskError"
import * as TaskLayer from "@celeriac/tasks/TaskLayer"
import type * as TaskSettings from "@celeriac/tasks/TaskSettings"
import type * as Layer from "effect/Layer"
import type * as Handlers from "./boot/Handlers.ts"
import type * as Pool from "./boot/Pool.ts"
import type { Connection } from "./consumer/Connection.ts"
import { type Definition, type Of, TypeId, variance } from "./internal/Definition.ts"
import * as WorkerLife from "./internal/WorkerLife.ts"
import * as StepOptions from "./state/internal/StepOptions.ts"
import { NoTasks } from "./state/WorkerError.ts"
import * as WorkerSettings from "./state/WorkerSettings.ts"
import * as Program from "./trace/Program.ts"
import type * as WorkerChecks from "./WorkerChecks.ts"
import * as WorkerSteps from "./WorkerSteps.ts"

export { type Definition, isDefinition, type Overrides } from "./internal/Definition.ts"
export { Worker } from "./internal/WorkerService.ts"

/** Of a worker of steps alone. */
export type NoHandlers = ReadonlyArray<Layer.Layer<never>>

export interface Options<
  T extends Handlers.Maybe,
  W extends WorkerSteps.Maybe,
  C extends WorkerSteps.Maybe,
  M extends Middleware.Maybe = [],
  A extends WorkerChecks.Layered = Layer.Layer<never>
> {
  /**
   * The tasks this worker runs: what `task.toLayer(handler)` gives. Handlers may use
   * what steps of the Worker blueprint provide. A worker of steps alone may leave them out.
   */
  readonly tasks?:
    | (
      & T
      & WorkerChecks.Handlers<
        NonNullable<T>,
        WorkerSteps.Worker | WorkerSteps.Of<W>,
        WorkerSteps.Consumer | WorkerSteps.Of<C>,
        Middleware.Provides<M>
      >
    )
    | undefined
  /** What is around every run, the first outermost. */
  readonly middleware?: M | undefined
  /** The name of the node: `name@host`, with `%h` for the host, `%n` for its first label, `%d` for the rest. Default `celery@%h`. */
  readonly nodename?: string | undefined
  /** How many tasks run at once. Default: the number of processors. */
  readonly concurrency?: number | undefined
  /** The names of the queues to consume from. Default: the default queue and all that are configured; none without `tasks`. */
  readonly queues?: ReadonlyArray<string> | undefined
  /** Steps that are switched off: what requires them finds what stands in for them. Default: none. */
  readonly without?: WorkerSettings.Settings["without"] | undefined
  /**
   * The module that exports this worker, `import.meta.url`: what threads and
   * processes load, if any of its tasks run in such. It should define the worker
   * and not run it. `celeriac worker -A` knows it without.
   */
  readonly program?: Pool.Program | undefined
  /** How many messages may wait here. Default: as many as are worth a tenth of a second. */
  readonly prefetch?: WorkerSettings.Settings["prefetch"] | undefined
  /** How often to try to reach a broker that is away before giving up; 0 is without end. Default 100. */
  readonly connectionMaxRetries?: number | undefined
  /**
   * Any of the settings, those above included, which count before these. Tasks
   * are run by them; the layers of the broker and of the result backend read
   * their own when they are built: `Broker.layer(url, { settings })`. Where a
   * configuration of Celery's has its broker is for the command.
   */
  readonly settings?: WorkerSettings.Given | undefined
  /** A layer of your own that lives with a connection: see `Agent`. It may use the connection, and what steps of the Worker blueprint provide. */
  readonly agent?: (A & WorkerChecks.Agent<A, WorkerSteps.Worker | WorkerSteps.Of<W>>) | undefined
  /** Steps of your own, for either blueprint. */
  readonly steps?: {
    /** Of the Worker blueprint: they live with the process. */
    readonly worker?:
      | (W & WorkerChecks.ForWorker<NonNullable<W>, WorkerSteps.Worker, WorkerSteps.Consumer | WorkerSteps.Of<C>>)
      | undefined
    /** Of the Consumer blueprint: they live with one connection, and are started again with the next. */
    readonly consumer?:
      | (C & WorkerChecks.ForConsumer<NonNullable<C>, WorkerSteps.Consumer, WorkerSteps.Worker | WorkerSteps.Of<W>>)
      | undefined
  } | undefined
}

/** Over each layer: a list of none has no errors. */
type ErrorsOf<L> = L extends Layer.Layer<never, infer E, any> ? E : never

/**
 * Defines a worker. Steps that do not fit together are a defect, a
 * `BootGraphError` that names them; so is a worker that has nothing to do,
 * `NoTasks`, one with two tasks of one name, `TaskError`, and one whose settings
 * cannot work, `SettingsError`.
 */
export const make = <
  const T extends Handlers.Maybe = NoHandlers,
  const W extends WorkerSteps.Maybe = [],
  const C extends WorkerSteps.Maybe = [],
  const M extends Middleware.Maybe = [],
  A extends WorkerChecks.Layered = Layer.Layer<never>
>(
  options: Options<T, W, C, M, A> & StepOption.Taken<Bootstep.Requires<WorkerSteps.Of<W> | WorkerSteps.Of<C>>>
): Of<
  ErrorsOf<NonNullable<T>[number]>,
  | Exclude<WorkerChecks.NeedsOf<NonNullable<T>[number]>, Middleware.Provides<M>>
  | Exclude<Middleware.Needs<M>, TaskContext>
  | Exclude<WorkerChecks.NeedsOf<A>, Connection>,
  WorkerSteps.Worker | WorkerSteps.Of<W>,
  WorkerSteps.Consumer | WorkerSteps.Of<C>
> => {
  const stranger = Misspelt.sentence(options, names)
  if (stranger !== undefined) {
    throw because("Worker.make", new InvalidOption({ option: "options", detail: stranger }))
  }
  // An empty list is somebody's word: tasks may be registered by other means.
  if (options.tasks === undefined && options.steps === undefined) throw new NoTasks()
  const twice = TaskLayer.duplicate(options.tasks ?? [])
  if (twice !== undefined) throw because("Worker.make", new DuplicateTask({ task: twice }))
  const taskSettings = WorkerSettings.ofTasks(options.settings ?? {})
  const settings = WorkerSettings.change(
    WorkerSettings.change(WorkerSettings.defaults(), options.settings ?? {}),
    options
  )
  // A worker of steps alone has no business with the default queue: it would refuse what others are there to run.
  const queues = settings.queues ?? (options.tasks === undefined ? [] : undefined)
  return define(
    {
      handlers: options.tasks ?? [],
      middleware: options.middleware ?? [],
      // What it uses was checked by its type.
      steps: WorkerSteps.withDefaults(options.steps, options.agent as Layer.Layer<never, unknown, never> | undefined),
      options: {},
      settings: { ...settings, queues },
      program: options.program,
      taskSettings,
      brokerSettings: WorkerSettings.ofBroker(options.settings ?? {})
    },
    make,
    options.options
  )
}

const names: Misspelt.Known<
  Options<Handlers.Maybe, WorkerSteps.Maybe, WorkerSteps.Maybe> & { readonly options: unknown }
> = {
  tasks: true,
  middleware: true,
  nodename: true,
  concurrency: true,
  queues: true,
  without: true,
  program: true,
  prefetch: true,
  connectionMaxRetries: true,
  settings: true,
  agent: true,
  steps: true,
  options: true
}

/** What a definition is made of. */
interface Parts {
  readonly handlers: Handlers.List
  readonly middleware: Middleware.List
  readonly steps: WorkerSteps.Steps
  /** Of the steps, those that were given. */
  readonly options: StepOptions.Given
  readonly settings: WorkerSettings.Settings
  readonly program: Pool.Program | undefined
  /** Those of its tasks that were given. */
  readonly taskSettings: TaskSettings.Some
  readonly brokerSettings: BrokerSettings.Some
}

/**
 * `made` is what was called to make it: errors point at who did. `D` sums up what
 * the lists come to, as no inference can: the callers' types say it.
 */
const define = <D>(parts: Parts, made: (...args: never) => unknown, options: StepOptions.Given = {}): D => {
  const { handlers, middleware, settings, steps, taskSettings } = parts
  const blueprint = orThrow(WorkerSteps.compose(steps, handlers, settings), made)
  const ofSteps = orThrow(StepOptions.resolve([...steps.worker, ...steps.consumer], options, parts.options), made)
  const all = { ...parts, options: { ...parts.options, ...options } }
  const live = WorkerLife.make<unknown, never>(blueprint, {
    ...{ settings, taskSettings, middleware, options: ofSteps, given: all.options },
    program: parts.program
  })
  const definition: Definition<unknown, never, never, never, never> = {
    [TypeId]: variance,
    [Program.TypeId]: { handlers, middleware, taskSettings, steps: WorkerSteps.own(steps), options: all.options },
    settings,
    taskSettings,
    brokerSettings: parts.brokerSettings,
    blueprint,
    with: function changed({ options: more, settings: given = {}, ...changes }) {
      return define(
        {
          ...all,
          settings: WorkerSettings.change(WorkerSettings.change(settings, given), changes),
          taskSettings: { ...taskSettings, ...WorkerSettings.ofTasks(given) },
          brokerSettings: { ...parts.brokerSettings, ...WorkerSettings.ofBroker(given) }
        },
        changed,
        more
      )
    },
    replace: function replaced(step, ...choices) {
      // As their types say, which depend on the step.
      const [choice] = choices as readonly [choice?: { readonly in?: "worker"; readonly options?: StepOptions.Given }]
      const others = orThrow(WorkerSteps.replace(steps, step, choice?.in), replaced)
      return define({ ...all, steps: others }, replaced, choice?.options)
    },
    add: function added({ options: more, ...own }) {
      return define({ ...all, steps: WorkerSteps.add(steps, own) }, added, more)
    },
    layer: WorkerLife.layer(live),
    run: WorkerLife.run(live, settings)
  }
  // As said above.
  return definition as D
}
