/**
 * The lines that tell an operator how a worker boots and stops, in Celery's
 * words, at debug level.
 *
 * A line is put together only when somebody will read it.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as LogLevel from "effect/LogLevel"
import * as References from "effect/References"
import { type BootGraph, order } from "./BootGraph.ts"
import { describe } from "./BootstepError.ts"

/**
 * `| Worker: Preparing bootsteps.`
 *
 * @category lines
 * @since 0.1.0
 */
export const preparing = (blueprint: string): Effect.Effect<void> =>
  whenDebug(() => `| ${blueprint}: Preparing bootsteps.`)

/**
 * `| Worker: Building graph...`
 *
 * @category lines
 * @since 0.1.0
 */
export const building = (blueprint: string): Effect.Effect<void> => whenDebug(() => `| ${blueprint}: Building graph...`)

/**
 * `| Worker: New boot order: {Timer, Hub, Pool}`, disabled steps included.
 *
 * @category lines
 * @since 0.1.0
 */
export const bootOrder = (graph: BootGraph): Effect.Effect<void> =>
  whenDebug(() => `| ${graph.name}: New boot order: {${order(graph).join(", ")}}`)

/**
 * `| Worker: Starting Hub`
 *
 * @category lines
 * @since 0.1.0
 */
export const starting = (blueprint: string, label: string): Effect.Effect<void> =>
  whenDebug(() => `| ${blueprint}: Starting ${label}`)

/**
 * Says that the step is up.
 *
 * @category lines
 * @since 0.1.0
 */
export const substepOk: Effect.Effect<void> = Effect.suspend(() => whenDebug(() => "^-- substep ok"))

/**
 * `| Worker: Stopping Hub...`
 *
 * @category lines
 * @since 0.1.0
 */
export const ending = (
  blueprint: string,
  verb: "Closing" | "Stopping" | "Restarting" | "Terminating" | "Shutdown",
  label: string
): Effect.Effect<void> => whenDebug(() => `| ${blueprint}: ${verb} ${label}...`)

/**
 * Runs a hook whose failure must not keep the other steps from stopping: logs
 * `Error on stopping Hub: ...`, at error level.
 *
 * @category combinators
 * @since 0.1.0
 */
export const logFailure = <R>(
  effect: Effect.Effect<unknown, unknown, R>,
  action: "closing" | "stopping" | "restarting" | "terminating" | "shutdown" | "observing",
  label: string
): Effect.Effect<void, never, R> =>
  Effect.matchCauseEffect(effect, {
    onSuccess: () => Effect.void,
    onFailure: (cause) =>
      Cause.hasInterruptsOnly(cause)
        ? Effect.void
        : Effect.logError(`Error on ${action} ${label}: ${describe(Cause.squash(cause))}`, cause)
  })

const whenDebug = (line: () => string): Effect.Effect<void> =>
  Effect.withFiber((fiber) =>
    LogLevel.isGreaterThan(fiber.getRef(References.MinimumLogLevel), "Debug") ? Effect.void : Effect.logDebug(line())
  )
