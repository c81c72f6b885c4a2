/**
 * An agent: something of yours that lives with a connection to the broker, as a
 * layer. Celery's `worker_agent`.
 *
 * ```ts
 * Worker.make({ tasks, agent: Layer.effectDiscard(Effect.flatMap(Connection, ({ uri }) => announce(uri))) })
 * ```
 *
 * It is built when the worker is connected, before any task is consumed, and
 * again with every new connection; what it acquires is released when that is
 * lost. It may use the connection and what steps of the Worker blueprint
 * provide. A failure that is not recoverable stops the worker, as that of any
 * step does.
 *
 * @since 0.1.0
 */
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as WorkerSettings from "../state/WorkerSettings.ts"
import { Connection } from "./Connection.ts"

/** The place of an agent in a worker that has none. */
export const Agent = Bootstep.make("Agent", {
  requires: [Connection],
  conditional: true,
  enabled: Effect.succeed(false),
  start: Effect.void
})

/** A step for this layer, whose errors are those of the step. `services` are what it may use besides the connection. */
export const of = <E, R>(
  layer: Layer.Layer<never, E, R>,
  services: Bootstep.Tags
): Bootstep.Bootstep<"Agent", never, E, R | Connection> =>
  Bootstep.makeGeneric<R | Connection>()("Agent", [Connection, ...services], {
    conditional: true,
    enabled: WorkerSettings.takesPart("agent"),
    start: Layer.build(layer)
  })
