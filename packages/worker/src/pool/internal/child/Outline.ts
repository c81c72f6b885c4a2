/**
 * What a child has in the place of `Worker`: a definition is what it runs, and
 * nothing is composed of it. A child does not load the steps of a worker, and a
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
}

interface Outline extends Program.HasProgram {
  readonly settings: {}
  readonly taskSettings: Program.Program["taskSettings"]
  readonly brokerSettings: {}
  readonly blueprint: undefined
  readonly with: (changes: Pick<Options, "settings">) => Outline
  readonly replace: () => Outline
  readonly add: () => Outline
  readonly layer: Layer.Layer<never>
  readonly run: Effect.Effect<never>
}

const of = (program: Program.Program): Outline => ({
  [Program.TypeId]: program,
  settings: {},
  taskSettings: program.taskSettings,
  brokerSettings: {},
  blueprint: undefined,
  with: ({ settings = {} }) =>
    of({ ...program, taskSettings: { ...program.taskSettings, ...WorkerSettings.ofTasks(settings) } }),
  replace: () => of(program),
  add: () => of(program),
  layer: Layer.effectDiscard(Effect.never),
  run: Effect.never
})

/** As `Worker.make`. What is wrong with its options the parent has been told. */
export const make = ({ middleware = [], settings = {}, tasks = [] }: Options): Outline =>
  of({ handlers: tasks, middleware, taskSettings: WorkerSettings.ofTasks(settings) })

/** As `Worker.isDefinition`. */
export const isDefinition = (value: unknown): boolean =>
  typeof value === "object" && value !== null && Program.TypeId in value

/** As `Worker.Worker`: nothing provides it. */
export class Worker extends Context.Service<Worker, never>()("@celeriac/worker/Worker") {}
