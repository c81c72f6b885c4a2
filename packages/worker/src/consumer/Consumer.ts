/**
 * The Consumer blueprint: what lives with one connection to the broker.
 *
 * The list of its steps, and the step of the Worker blueprint that boots it,
 * waits until the connection is lost, and boots it again.
 *
 * @since 0.1.0
 */
import * as Blueprint from "@celeriac/bootsteps/Blueprint"
import { MessagingError } from "@celeriac/messaging/MessagingError"
import * as Reconnect from "@celeriac/messaging/Reconnect"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as WorkerLog from "../state/WorkerLog.ts"
import type { Settings } from "../state/WorkerSettings.ts"
import { Agent } from "./Agent.ts"
import { Connection } from "./Connection.ts"
import { ControlStep } from "./ControlStep.ts"
import { DelayedDelivery } from "./DelayedDelivery.ts"
import { EventLoop } from "./EventLoop.ts"
import { Events } from "./Events.ts"
import { Gossip } from "./Gossip.ts"
import { Heart } from "./Heart.ts"
import { Mingle } from "./Mingle.ts"
import { Tasks } from "./Tasks.ts"

/** The default steps. */
export const steps = [
  Connection,
  Events,
  Mingle,
  Gossip,
  Heart,
  Agent,
  Tasks,
  ControlStep,
  DelayedDelivery,
  EventLoop
] as const

/**
 * The step of the Worker blueprint, its last one. It counts as up when the
 * consumer is, for the first time; until then a broker that is away is waited
 * for.
 */
export const step = <P, E, R>(
  blueprint: Blueprint.Blueprint<"Consumer", P | Connection, E, R>,
  settings: Settings
) =>
  Blueprint.step("Consumer", {
    blueprint,
    requires: [],
    last: true,
    until: Effect.flatMap(Connection, (connection) => connection.lost),
    restart: restart(settings.connectionMaxRetries),
    isRecoverable,
    onRestart: (error, details) => tell(error, details, settings)
  })

const restart = (most: number): Schedule.Schedule<Duration.Duration> =>
  most === 0 ? Reconnect.schedule : Schedule.upTo(Reconnect.schedule, { times: most })

/**
 * A wrong password at the first attempt is a mistake in the configuration, and
 * waiting does not mend it. Once messages have flowed it is a broker in the
 * middle of being changed: tried again, like everything else.
 */
const isRecoverable = (error: unknown, wasUp: boolean): boolean =>
  error instanceof MessagingError
    ? error.isRecoverable || (wasUp && error.reason._tag !== "InvalidConfiguration")
    : typeof error === "object" && error !== null && "isRecoverable" in error && error.isRecoverable === true

const tell = (error: unknown, details: Blueprint.RestartDetails, { connectionMaxRetries }: Settings) => {
  const lost = error instanceof MessagingError && error.reason._tag === "ConnectionLost" ? error.reason : undefined
  const what = error instanceof Error ? error.message : String(error)
  if (details.wasUp) {
    const why = lost === undefined ? what : `${lost.uri}: ${lost.detail}`
    return Effect.logWarning(`consumer: Connection to broker lost. Trying to re-establish the connection... (${why})`)
  }
  const attempts = connectionMaxRetries === 0 ? `${details.attempts}` : `${details.attempts}/${connectionMaxRetries}`
  const cannot = lost === undefined
    ? `Cannot start consuming: ${what}`
    : `Cannot connect to ${lost.uri}: ${lost.detail}`
  return Effect.logError(
    `consumer: ${WorkerLog.sentence(cannot)} Trying again in ${
      Duration.toSeconds(details.delay).toFixed(2)
    } seconds... (${attempts})`
  )
}
