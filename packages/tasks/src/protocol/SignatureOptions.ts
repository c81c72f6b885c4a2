/**
 * The options of a call as a signature has them in a message, in snake_case.
 *
 * Read back by `SignatureCall`. Times are seconds, or a `datetime`; stamps
 * stand among the options, each under its own name. Source: protocol §1.4.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import type { CallOptions } from "../CallOptions.ts"
import { links } from "./Links.ts"

/** Only what is given. What is of one sending alone (`parent`, `retry`, `retryPolicy`, `deadline`) is left out. */
export const write = (call: CallOptions): Readonly<Record<string, unknown>> => {
  const { stamps } = call
  return defined({
    countdown: seconds(call.countdown),
    eta: time(call.eta),
    expires: call.expires instanceof Date || DateTime.isDateTime(call.expires)
      ? time(call.expires)
      : seconds(call.expires),
    task_id: call.taskId,
    queue: call.queue,
    exchange: call.exchange,
    routing_key: call.routingKey,
    priority: call.priority,
    headers: call.headers,
    shadow: call.shadow,
    serializer: call.serializer,
    compression: call.compression,
    time_limit: seconds(call.timeLimit),
    soft_time_limit: seconds(call.softTimeLimit),
    argsrepr: call.argsRepr,
    kwargsrepr: call.kwargsRepr,
    reply_to: call.replyTo,
    ignore_result: call.ignoreResult,
    link: links(call.link),
    link_error: links(call.linkError),
    ...stamps,
    stamped_headers: stamps === undefined ? undefined : Object.keys(stamps)
  })
}

const defined = (options: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))

const seconds = (given: Duration.Input | undefined): number | undefined =>
  given === undefined ? undefined : Duration.toSeconds(Duration.fromInputUnsafe(given))

const time = (given: Date | DateTime.DateTime | undefined): DateTime.DateTime | undefined =>
  given instanceof Date ? DateTime.makeUnsafe(given) : given
