/**
 * The Consumer blueprint: what lives with one connection to the broker.
 *
 * The list of its steps, and the step of the Worker blueprint that boots it,
 * waits until the connection is lost, and boots it again.
 *
 * @since 0.1.0
 */
import * as Blueprint from "@celeriac/bootsteps/Blueprint"
import type * as Bootstep from "@celeriac/bootsteps/Bootstep"
import { MessagingError } from "@celeriac/messaging/MessagingError"
import { Transport } from "@celeriac/messaging/Transport"
import { ResultBackend } from "@celeriac/tasks/result/ResultBackend"
import { TaskRegistry } from "@celeriac/tasks/TaskRegistry"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { Execution } from "../boot/Execution.ts"
import { Hub } from "../boot/Hub.ts"
import { Pool } from "../boot/Pool.ts"
import { Queues } from "../boot/Queues.ts"
import { Timer } from "../boot/Timer.ts"
import * as WorkerLog from "../state/WorkerLog.ts"
import type { Settings } from "../state/WorkerSettings.ts"
import { type State, WorkerState } from "../state/WorkerState.ts"
import { Connection } from "./Connection.ts"
import { EventLoop } from "./EventLoop.ts"
import { Tasks } from "./Tasks.ts"

/** The default steps. */
export const steps = [
  Connection,
  Tasks,
  EventLoop
] as const

/** What steps of this blueprint may require besides each other: services that outlive the connection. */
export const expects = [
  Timer,
  Hub,
  Queues,
  Pool,
  Execution,
  WorkerState,
  TaskRegistry,
  ResultBackend,
  Transport
] as const

export type Provides = Bootstep.Provides<typeof steps[number]>
export type Expects = Bootstep.IdOf<typeof expects>

/**
 * The step of the Worker blueprint, its last one. It counts as up when the
 * consumer is, for the first time; until then a broker that is away is waited
 * for.
 */
export const step = <P, E, R>(
  blueprint: Blueprint.Blueprint<"Consumer", P | Connection, E, R>,
  settings: Settings,
  state: State
) =>
  Blueprint.step("Consumer", {
    blueprint,
    requires: [],
    last: true,
    until: Effect.flatMap(Connection, (connection) => connection.lost),
    restart: restart(settings.connectionMaxRetries),
    isRecoverable: (error) => isRecoverable(error, state),
    onRestart: (error, details) => tell(error, details, settings)
  })

/** A quarter of a second, doubling to 5 seconds: a broker that is back is found within the 10 seconds that are promised. */
const restart = (most: number) => {
  const waits = Schedule.min([Schedule.exponential("250 millis"), Schedule.spaced("5 seconds")]).pipe(Schedule.jittered)
  return most === 0 ? waits : Schedule.upTo(waits, { times: most })
}

/**
 * A wrong password at the first attempt is a mistake in the configuration, and
 * waiting does not mend it. Once messages have flowed it is a broker in the
 * middle of being changed: tried again, like everything else.
 */
const isRecoverable = (error: unknown, state: State): boolean =>
  error instanceof MessagingError
    ? error.isRecoverable || (state.wasReady && error.reason._tag !== "InvalidConfiguration")
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
