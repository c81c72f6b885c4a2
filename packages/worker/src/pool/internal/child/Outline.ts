/**
 * What a child has in the place of `Worker`: a definition is what it runs, and
 * nothing is composed of it. A child does not load the worker's own steps, and a
 * module that runs its worker when it is loaded runs none in a child.
 *
 * @since 0.1.0
 */
import type * as Middleware from "@celeriac/tasks/Middleware"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as WorkerSettings from "../../../state/WorkerSettings.ts"
import * as Program from "../../../trace/Program.ts"

/** Of the options of `Worker.make`, what is of interest here. */
interface Options {
  readonly tasks?: Program.Program["handlers"]
  readonly middleware?: Middleware.List
  readonly settings?: WorkerSettings.Given
  readonly steps?: More
  readonly options?: Program.Program["options"]
}

interface More {
  readonly worker?: Program.Program["steps"]
}

type Step = Program.Program["steps"][number]

interface Outline extends Program.HasProgram {
  readonly settings: {}
  readonly taskSettings: Program.Program["taskSettings"]
  readonly brokerSettings: {}
  readonly blueprint: undefined
  readonly with: (changes: Pick<Options, "settings" | "options">) => Outline
  readonly replace: (step: Step, choice?: Pick<Options, "options">) => Outline
  readonly add: (more: More & Pick<Options, "options">) => Outline
  readonly layer: Layer.Layer<never>
  readonly run: Effect.Effect<never>
}

const of = (program: Program.Program): Outline => ({
  [Program.TypeId]: program,
  settings: {},
  taskSettings: program.taskSettings,
  brokerSettings: {},
  blueprint: undefined,
  with: ({ options, settings = {} }) =>
    of({
      ...program,
      taskSettings: { ...program.taskSettings, ...WorkerSettings.ofTasks(settings) },
      options: { ...program.options, ...options }
    }),
  // One of the worker's own is nothing to a child, nor is what takes its place.
  replace: (step, { options } = {}) =>
    of({
      ...program,
      steps: program.steps.map((other) => other.stepName === step.stepName ? step : other),
      options: { ...program.options, ...options }
    }),
  add: ({ options, worker = [] }) =>
    of({ ...program, steps: [...program.steps, ...worker], options: { ...program.options, ...options } }),
  layer: Layer.effectDiscard(Effect.never),
  run: Effect.never
})

/** As `Worker.make`. What is wrong with its options the parent has been told. */
export const make = ({ middleware = [], options = {}, settings = {}, steps = {}, tasks = [] }: Options): Outline =>
  of({
    ...{ handlers: tasks, middleware, options, steps: steps.worker ?? [] },
    taskSettings: WorkerSettings.ofTasks(settings)
  })

/** As `Worker.isDefinition`. */
export const isDefinition = (value: unknown): boolean =>
  typeof value === "object" && value !== null && Program.TypeId in value

/** As `Worker.Worker`: nothing provides it. */
export class Worker extends Context.Service<Worker, never>()("@celeriac/worker/Worker") {}
