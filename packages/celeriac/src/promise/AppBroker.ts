/**
 * What an application runs on: the broker of its options, of the environment or
 * of the command; in a child of a pool, what the worker lends it.
 */
import type * as BrokerSettings from "@celeriac/tasks/BrokerSettings"
import * as RemoteControl from "@celeriac/tasks/control/RemoteControl"
import { TaskRegistry } from "@celeriac/tasks/TaskRegistry"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Broker from "../Broker.ts"
import * as Environment from "../internal/Environment.ts"
import { over } from "../internal/Layered.ts"
import type * as Settings from "../Settings.ts"
import type { Handlers } from "./Handlers.ts"

/** Of the options of an application. */
interface Options {
  readonly broker?: string | undefined
  readonly results?: string | undefined
  readonly settings?: Settings.Given | undefined
}

export const settings = ({ broker, results }: Options): BrokerSettings.Given => ({
  ...(broker === undefined ? {} : { brokerUrl: broker }),
  ...(results === undefined ? {} : { resultBackend: results })
})

/** What the program says counts before the environment, and what was chosen before both. */
export const own = (options: Options, chosen: Settings.Given, handlers: Handlers) =>
  Layer.unwrap(Effect.map(Environment.read, (environment) => {
    const { brokerUrl, resultBackend, ...others } = over<Settings.Given>(
      environment,
      options.settings,
      settings(options),
      chosen
    )
    return RemoteControl.layer.pipe(
      Layer.provideMerge(Broker.layer(brokerUrl ?? Broker.defaultUrl, { results: resultBackend, settings: others })),
      // A client that is always eager runs the tasks of the application.
      Layer.provide(Layer.succeed(TaskRegistry, handlers.registry))
    )
  }))

/** Over what is there. */
export const of = (services: Context.Context<Broker.Broker>) =>
  Layer.provideMerge(RemoteControl.layer, Layer.succeedContext(services))
