/**
 * The time that a send has: to prepare for its result, to reach the broker and
 * to be confirmed, one after the other. What it does not reach in time was not
 * sent, and the error says what it waited for.
 */
import type { Address } from "@celeriac/messaging/Message"
import { because, MessagingError, PublishTimedOut } from "@celeriac/messaging/MessagingError"
import * as Producer from "@celeriac/messaging/Producer"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { CallOptions } from "../CallOptions.ts"
import {
  type BackendUnreachable,
  because as becauseResult,
  type ResultError,
  ResultTimeout
} from "../result/ResultError.ts"

/** Prepares, and publishes in what is left. */
export const preparing = <A, E>(
  clock: Clock.Clock,
  deadline: Duration.Input,
  { exchange, routingKey }: Address,
  prepare: (deadline: Duration.Input) => Effect.Effect<void, ResultError>,
  publish: (deadline: Duration.Input) => Effect.Effect<A, E>
): Effect.Effect<A, E | ResultError | MessagingError> =>
  Effect.suspend(() => {
    const millis = Duration.toMillis(deadline)
    const began = clock.currentTimeMillisUnsafe()
    return Effect.flatMap(
      Effect.mapError(prepare(deadline), (error) => {
        const { reason } = error
        if (reason._tag !== "BackendUnreachable") return error
        return because(
          "send",
          new PublishTimedOut({ exchange, routingKey, millis, blocked: null, unsent: whyOf(reason) })
        )
      }),
      () => publish(Math.max(0, millis - (clock.currentTimeMillisUnsafe() - began)))
    )
  })

/** How stubbornly a broker that is away is called. */
type Stubbornness = Pick<CallOptions, "retry" | "retryPolicy">

/**
 * Connects as a call says that has not all of the deadline for it, and then goes
 * on in what is left: the reply queue would be waited for until the deadline.
 */
export const reaching = <A, E>(
  clock: Clock.Clock,
  deadline: Duration.Input,
  { exchange, routingKey }: Address,
  connect: Effect.Effect<void, MessagingError>,
  { retry, retryPolicy }: Stubbornness,
  send: (deadline: Duration.Input) => Effect.Effect<A, E>
): Effect.Effect<A, E | MessagingError> => {
  if (retry !== false && retryPolicy === undefined) return send(deadline)
  return Effect.suspend(() => {
    const millis = Duration.toMillis(deadline)
    const began = clock.currentTimeMillisUnsafe()
    const unsent = "the broker did not answer"
    const late = () => because("send", new PublishTimedOut({ exchange, routingKey, millis, blocked: null, unsent }))
    const attempt = (left: number) =>
      Effect.timeoutOrElse(connect, { duration: left, orElse: () => Effect.fail(late()) })
    return Effect.flatMap(
      Producer.retrying(attempt, deadline, retry === false ? { maxRetries: 0 } : retryPolicy ?? {}),
      () => send(Math.max(0, millis - (clock.currentTimeMillisUnsafe() - began)))
    )
  })
}

/** What was waited for in vain: the queue of results was not opened since the broker was not reached. */
const whyOf = ({ cause, detail }: BackendUnreachable): string => {
  const late = cause instanceof MessagingError && cause.reason._tag === "ConnectionLost"
    ? cause.reason.cause
    : undefined
  return late instanceof MessagingError ? late.reason.message : detail
}

/** The shorter of two. */
export const shorter = (deadline: Duration.Input, timeout: Duration.Input | undefined): Duration.Input =>
  timeout === undefined ? deadline : Duration.min(Duration.fromInputUnsafe(deadline), Duration.fromInputUnsafe(timeout))

/** Waits for the result of a task in what its sending has left of the time for both. */
export const waiting = <A, E>(
  clock: Clock.Clock,
  began: number,
  timeout: Duration.Input | undefined,
  id: string,
  wait: Effect.Effect<A, E>
): Effect.Effect<A, E | ResultError> => {
  if (timeout === undefined) return wait
  const millis = Duration.toMillis(timeout)
  return Effect.timeoutOrElse(wait, {
    duration: Math.max(0, millis - (clock.currentTimeMillisUnsafe() - began)),
    orElse: () => Effect.fail(becauseResult("get", new ResultTimeout({ id, millis })))
  })
}
