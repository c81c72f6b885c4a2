/**
 * The tasks of an application that have a handler: for its workers, and for
 * what runs them without one, where they are called.
 */
import * as TaskRegistry from "@celeriac/tasks/TaskRegistry"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import type { Made, RunHere } from "./PromiseTask.ts"

type HandlerLayer = NonNullable<Made["layer"]>

/** They grow as tasks are defined. */
export class Handlers {
  readonly layers: Array<HandlerLayer> = []
  readonly #scope = Scope.makeUnsafe()
  readonly #made = new WeakSet<HandlerLayer>()
  readonly #inner = Effect.runSync(
    Effect.map(Layer.buildWithScope(TaskRegistry.layer, this.#scope), Context.get(TaskRegistry.TaskRegistry))
  )

  add(layer: HandlerLayer): void {
    this.layers.push(layer)
  }

  /** All of them, each made when somebody asks for it first. */
  readonly registry: TaskRegistry.TaskRegistry["Service"] = {
    register: (task) => this.#inner.register(task),
    names: () => this.#filled.names(),
    get: (name) => this.#filled.get(name)
  }

  get #filled(): TaskRegistry.TaskRegistry["Service"] {
    for (const layer of this.layers) {
      if (this.#made.has(layer)) continue
      this.#made.add(layer)
      Effect.runSync(Effect.provideService(
        Layer.buildWithScope(layer, this.#scope),
        TaskRegistry.TaskRegistry,
        this.#inner
      ))
    }
    return this.#inner
  }

  /** Runs with them, by these settings, and nothing else. */
  runner(settings: () => Layer.Layer<never>): RunHere {
    return (effect) =>
      Effect.runPromise(effect.pipe(
        Effect.provideService(TaskRegistry.TaskRegistry, this.registry),
        Effect.provide(Layer.suspend(settings))
      ))
  }
}
