/**
 * Sends each result as a message to the client that asked for it, and nowhere
 * else: Celery's `rpc://`.
 *
 * A worker publishes to the queue named by the request's `reply_to`, over a
 * connection that it opens beside the one it consumes on; a request without
 * one gets no result. A client consumes one queue of its own, opened
 * when it first prepares a task. Source: protocol §7.4.
 *
 * What it cannot do: give a result to another process than the one that sent
 * the task, count the parts of a chord, or save a group, for nothing is kept
 * that all could see.
 *
 * @since 0.1.0
 */
import { BoundedMap } from "@celeriac/messaging/BoundedMap"
import { Compressions } from "@celeriac/messaging/Compressions"
import * as Content from "@celeriac/messaging/Content"
import { Limits } from "@celeriac/messaging/Limits"
import type { Delivery, Message } from "@celeriac/messaging/Message"
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import { Producer, type SendOptions } from "@celeriac/messaging/Producer"
import { Serializers } from "@celeriac/messaging/Serializers"
import type { Transport } from "@celeriac/messaging/Transport"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as BySettings from "../../BySettings.ts"
import * as ReplyQueue from "../../internal/ReplyQueue.ts"
import * as ResultShelf from "../../internal/ResultShelf.ts"
import type { ProtocolError } from "../../protocol/ProtocolError.ts"
import * as Settings from "../../Settings.ts"
import { TaskId } from "../../TaskId.ts"
import * as TaskState from "../../TaskState.ts"
import * as GroupRecord from "../GroupRecord.ts"
import * as ResultBackend from "../ResultBackend.ts"
import { because, fromMessaging, type ResultError, ResultUnreadable, Unsupported } from "../ResultError.ts"
import * as ResultRecord from "../ResultRecord.ts"
import { ResultWriter } from "../ResultWriter.ts"

/** How much is kept for a client that does not look. */
export interface Options {
  /** How many results may lie here that nobody has waited for; then the oldest are dropped. Default 8192. */
  readonly unread?: number | undefined
  /** How many tasks may be sent whose results have not come; then those of the oldest are dropped. Default 100,000. */
  readonly expected?: number | undefined
}

const uri = "rpc://"

/** Sent twice does no harm, and a client that is gone wants nothing. */
const sending: SendOptions = { mandatory: false, idempotent: true }

/** What sends them, by the settings in effect. */
const writer = BySettings.make(Effect.gen(function*() {
  const producer = yield* Producer
  const deliveryMode = (yield* Settings.ResultPersistent) ? 2 : 1
  const encoding = {
    serializers: yield* Serializers,
    compressions: yield* Compressions,
    serializer: yield* Settings.ResultSerializer
  }
  return ResultWriter.of({
    uri,
    storeUnsafe: (record, { correlationId, replyTo }, onStored) => {
      if (replyTo === undefined || replyTo === "") return onStored()
      const content = Content.encode(ResultRecord.encode(record), encoding)
      if (Result.isFailure(content)) return onStored(fromMessaging("store result", uri, content.failure))
      const { body, headers, properties } = content.success
      const message: Message = {
        body,
        headers,
        properties: {
          contentType: properties.contentType,
          contentEncoding: properties.contentEncoding,
          deliveryMode,
          priority: 0,
          correlationId: correlationId ?? record.taskId
        }
      }
      producer.publishUnsafe(
        message,
        { exchange: "", routingKey: replyTo },
        sending,
        (error) => onStored(error === undefined ? undefined : fromMessaging("store result", uri, error))
      )
    },
    open: Effect.mapError(producer.connect, (error) => fromMessaging("open results", uri, error))
  })
}))

/** Over the producer, which sends results, and the transport, from which they come. */
export const layer = (
  options: Options = {}
): Layer.Layer<ResultBackend.ResultBackend, never, Producer | Transport> =>
  Layer.effectContext(
    Effect.gen(function*() {
      const clock = yield* Clock.Clock
      const expires = yield* Settings.ResultExpires
      const coding = { serializers: yield* Serializers, compressions: yield* Compressions }
      const decoding = { ...coding, limits: yield* Limits, accept: yield* Settings.ResultAcceptContent }

      const expected = new BoundedMap<string, true>(options.expected ?? 100_000)
      const shelf = ResultShelf.make({
        clock,
        lifetime: Duration.toMillis(expires),
        capacity: options.unread ?? 8192
      })

      const isWanted = (id: string): boolean => expected.has(id) || shelf.isAwaited(id)

      // Anyone may write to the queue: what is of no task of ours is dropped.
      const onDelivery = (delivery: Delivery): void => {
        const { correlationId } = delivery.properties
        const record = read(delivery, decoding)
        if (Result.isSuccess(record)) {
          const { status, taskId } = record.success
          if (!isWanted(taskId)) return
          if (TaskState.isReady(status)) expected.delete(taskId)
          shelf.keep(record.success)
        } else if (correlationId !== undefined && isWanted(correlationId)) {
          shelf.keepUnreadable(correlationId, unreadable(correlationId, record.failure))
        }
      }

      const queue = yield* ReplyQueue.make({ name: (yield* TaskId)(), expires, onDelivery })
      const prepare = (id: string, deadline: Duration.Input) =>
        Effect.suspend(() => {
          expected.set(id, true)
          return Effect.mapError(queue.open(deadline), (error) => fromMessaging("prepare for result", uri, error))
        })

      return ResultBackend.make(uri, {
        writer: yield* writer,
        reader: {
          prepare,
          replyTo: queue.name,
          wait: (id) =>
            Effect.suspend(() =>
              shelf.isAnswered(id)
                ? shelf.wait(id)
                : Effect.andThen(prepare(id, Duration.infinity), shelf.wait(id))
            ),
          updates: (id) =>
            Stream.unwrap(Effect.suspend(() =>
              shelf.isAnswered(id)
                ? Effect.succeed(shelf.updates(id))
                : Effect.as(prepare(id, Duration.infinity), shelf.updates(id))
            )),
          lookup: shelf.lookup,
          state: shelf.state,
          forget: (id) =>
            Effect.sync(() => {
              expected.delete(id)
              shelf.forget(id)
            }),
          ...GroupRecord.refusing(uri, "sends each result to its client and keeps none, and so no groups")
        },
        chords: {
          isRefusing: true,
          setSize: () => uncounted,
          count: () => uncounted,
          forget: () => Effect.void
        }
      })
    })
  )

const read = (
  delivery: Delivery,
  decoding: Content.DecodeOptions
): Result.Result<ResultRecord.ResultRecord, MessagingError | ProtocolError> =>
  Result.flatMap(
    Content.decode(delivery, decoding),
    (content): Result.Result<ResultRecord.ResultRecord, MessagingError | ProtocolError> =>
      ResultRecord.decode(content, delivery.properties.correlationId)
  )

const unreadable = (id: string, { reason }: MessagingError | ProtocolError): ResultError =>
  because(
    "get",
    new ResultUnreadable({ id, detail: reason.message, advice: advice[reason._tag] ?? "Who sends such results?" })
  )

/** What to do when a result cannot be read, by the reason. */
const advice: Readonly<Record<string, string>> = {
  TooLarge: "Return less, as where the data lies, or raise the bound (Limits; for a whole message, the transport's)",
  ContentDisallowed: "Let the worker send JSON (result_serializer), or accept it here (result_accept_content)"
}

const uncounted = Effect.suspend(() =>
  Effect.fail(because(
    "count part of chord",
    new Unsupported({
      backend: uri,
      detail: "sends each result to its client and keeps none, and so cannot count the parts of a chord",
      instead: "Use one that keeps results for all workers, or cache+memory:// within one process"
    })
  ))
)
