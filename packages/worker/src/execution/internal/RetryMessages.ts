/**
 * The messages by which tasks run again: as they came, with one retry more and
 * what the retry says.
 *
 * The body goes back as it was received, byte by byte, so that nothing in it
 * changes on the way through another language; one of version 1, which has the
 * number of retries in it, is written anew. Source: Celery's `Task.retry` and
 * `signature_from_request`, protocol §12.
 *
 * @since 0.1.0
 */
import * as IsoTime from "@celeriac/messaging/IsoTime"
import type { Address, Message, Properties } from "@celeriac/messaging/Message"
import * as TaskHeaders from "@celeriac/tasks/protocol/TaskHeaders"
import * as TaskMessage from "@celeriac/tasks/protocol/TaskMessage"
import type { Queues } from "@celeriac/tasks/Queues"
import * as Exceptions from "@celeriac/tasks/result/ExceptionRecord"
import * as Router from "@celeriac/tasks/Router"
import * as Result from "effect/Result"
import { type Again, type Failure, failure } from "../../trace/Outcome.ts"
import type * as Portable from "../../trace/Portable.ts"
import type { Outgoing } from "../Aftermath.ts"
import type { Request } from "../Request.ts"
import type { Delay } from "./RetryDelays.ts"

/** The message by which a request is run again; the failure where there can be none. `now` is milliseconds since the epoch. */
export type Resend = (request: Request, again: Again, now: number) => Result.Result<Outgoing, Failure>

/** Over the queues, the serializers and the delays in effect. */
export const make = (queues: Queues, coding: Portable.Coding, delay: Delay): Resend => (request, again, now) => {
  const to = wayOf(queues, request, again)
  if (Result.isFailure(to)) return Result.fail(to.failure)
  const message = messageOf(request, again, now, coding)
  const isOwnWay = again.exchange !== undefined || again.routingKey !== undefined
  const by = isOwnWay
    ? undefined
    : delay(again.queue ?? request.queue, again.eta === undefined ? again.countdown ?? 0 : again.eta - now)
  return Result.map(message, (message) => ({ ...to.success, message, by }))
}

/** Back to the queue that it came from, unless it is said otherwise. */
const wayOf = (queues: Queues, request: Request, again: Again): Result.Result<Omit<Outgoing, "message">, Failure> => {
  if (Router.isNowhere(again)) return Result.succeed({ to: home(request) })
  return Result.mapBoth(Router.resolve(queues, { queue: request.queue, ...said(again) }), {
    onFailure: ({ reason }) => failure(Exceptions.make(reason._tag, [reason.message])),
    onSuccess: ({ exchange, queue, routingKey }) => ({ to: { exchange, routingKey }, declare: queues.declare(queue) })
  })
}

const said = ({ exchange, queue, routingKey }: Again): Router.Destination => ({
  ...(queue === undefined ? {} : { queue }),
  exchange,
  routingKey
})

const home = ({ exchange, queue, routingKey }: Request): Address =>
  queue === undefined ? { exchange, routingKey } : { exchange: "", routingKey: queue }

const messageOf = (
  request: Request,
  again: Again,
  now: number,
  coding: Portable.Coding
): Result.Result<Message, Failure> => {
  const { headers, message, version } = request.work
  const eta = again.eta ?? (again.countdown === undefined || again.countdown <= 0 ? undefined : now + again.countdown)
  const expires = again.expires ?? (again.expiresIn === undefined ? undefined : now + again.expiresIn)
  const next: TaskHeaders.TaskHeaders = {
    ...headers,
    eta: IsoTime.text(eta),
    expires: expires === undefined ? headers.expires : IsoTime.text(expires),
    retries: headers.retries + 1,
    // The attempt before sends this one: so it is its parent, if it has no other.
    parentId: headers.parentId ?? headers.id,
    ignoreResult: request.ignoreResult,
    timeLimit: {
      hard: again.timeLimit?.hard ?? headers.timeLimit.hard,
      soft: again.timeLimit?.soft ?? headers.timeLimit.soft
    },
    custom: { ...ownHeaders(headers.custom), ...again.headers }
  }
  const properties = propertiesOf(request, again.priority, expires ?? headers.expiresMillis, now)
  return version === 2 && again.args === undefined && again.kwargs === undefined
    ? Result.succeed({ body: message.body, headers: TaskHeaders.encode(next), properties })
    : rewritten(request, again, next, properties, coding)
}

/** What the broker has written into the message is about that one. */
const ownHeaders = (custom: TaskHeaders.TaskHeaders["custom"]): TaskHeaders.TaskHeaders["custom"] =>
  Object.keys(custom).some(isOfBroker)
    ? Object.fromEntries(Object.entries(custom).filter(([name]) => !isOfBroker(name)))
    : custom

const isOfBroker = (name: string): boolean => /^x-((first-|last-)?death\b|delivery-count$|acquired-count$)/.test(name)

/** As a client writes them; what else the sender said there (`userId`, `expiration`) was true of its own message. */
const propertiesOf = (
  request: Request,
  priority: number | undefined,
  expires: number | undefined,
  now: number
): Properties => {
  const { contentEncoding, contentType, correlationId, deliveryMode, priority: before, replyTo } =
    request.message.properties
  const expiration = TaskMessage.expirationOf(expires === undefined ? undefined : expires - now)
  return {
    contentType,
    contentEncoding,
    deliveryMode: deliveryMode ?? 2,
    priority: priority ?? before ?? 0,
    correlationId: correlationId ?? request.id,
    replyTo: replyTo ?? "",
    ...(expiration === undefined ? {} : { expiration })
  }
}

const rewritten = (
  { work: { headers: before, message, version } }: Request,
  { args, argsRepr, kwargs, kwargsRepr }: Again,
  headers: TaskHeaders.TaskHeaders,
  properties: Properties,
  coding: Portable.Coding
): Result.Result<Message, Failure> => {
  const received = TaskMessage.readBody(message, version === 1 ? { version } : { version, headers: before }, coding)
  if (Result.isFailure(received)) return unwritable(received.failure.message)
  const written = TaskMessage.write(
    {
      ...TaskMessage.outgoing({ headers, body: received.success.body }),
      // Shown anew.
      ...(args === undefined ? {} : { args, argsRepr }),
      ...(kwargs === undefined ? {} : { kwargs, kwargsRepr })
    },
    { ...coding, serializer: message.properties.contentType ?? "json" }
  )
  if (Result.isFailure(written)) return unwritable(written.failure.message)
  const { contentEncoding, contentType } = written.success.properties
  return Result.succeed({ ...written.success, properties: { ...properties, contentEncoding, contentType } })
}

const unwritable = (why: string): Result.Result<never, Failure> =>
  Result.fail(failure(Exceptions.make("EncodeError", [`the task cannot be sent again: ${why}`], "kombu.exceptions")))
