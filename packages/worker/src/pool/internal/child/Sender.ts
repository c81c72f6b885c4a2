/**
 * What tasks in a child send with: a client that prepares what is sent here, by
 * the settings of the worker, and a producer that hands it to the parent, which
 * has a connection. Loaded when something of a child's module may send.
 *
 * @since 0.1.0
 */
import * as Content from "@celeriac/messaging/Content"
import type { Message } from "@celeriac/messaging/Message"
import { because, InvalidConfiguration, type MessagingError } from "@celeriac/messaging/MessagingError"
import { Producer, type PublishOptions } from "@celeriac/messaging/Producer"
import { Transport } from "@celeriac/messaging/Transport"
import * as Client from "@celeriac/tasks/Client"
import type { ResultError } from "@celeriac/tasks/result/ResultError"
import { ResultReader } from "@celeriac/tasks/result/ResultReader"
import type { ResultRecord } from "@celeriac/tasks/result/ResultRecord"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Queue from "effect/Queue"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { Coding } from "../../../trace/Portable.ts"
import type { Lent } from "../Protocol.ts"
import type { Caller } from "./Caller.ts"

/** Over what else is borrowed. Without a producer of the parent's there is nothing to send with. */
export const make = (
  lent: Lent,
  borrowed: Context.Context<never>,
  caller: Caller,
  coding: Coding
): Effect.Effect<Context.Context<never>> => {
  if (!lent.producer || lent.transport === undefined) return Effect.succeed(borrowed)
  const services = borrowed.pipe(
    Context.add(Producer, producerOf(caller, coding)),
    Context.add(Transport, transportOf(lent.transport))
  )
  const reader = Context.getOrUndefined(borrowed, ResultReader)
  if (reader === undefined) return Effect.succeed(whole(services))
  const withReader = Context.add(services, ResultReader, { ...reader, updates: updatesOf(caller) })
  return Effect.map(
    Effect.provideContext(Client.make, withReader),
    (client) => whole(Context.add(withReader, Client.Client, client))
  )
}

const updatesOf = (caller: Caller): ResultReader["Service"]["updates"] => (taskId) => {
  const updates = Stream.callback<unknown, MessagingError | ResultError>((queue) =>
    Effect.acquireRelease(
      Effect.sync(() =>
        caller.subscribe("reader.updates", [taskId], (exit, isLast) => {
          if (Exit.isFailure(exit)) Queue.failCauseUnsafe(queue, exit.cause)
          else if (isLast) Queue.endUnsafe(queue)
          else Queue.offerUnsafe(queue, exit.value)
        })
      ),
      (end) => Effect.sync(() => end?.())
    )
  )
  return updates as Stream.Stream<ResultRecord, ResultError> // it has the type that it has in the parent
}

/** A handler takes what it needs. */
const whole = (context: Context.Context<any>): Context.Context<never> => context as Context.Context<never>

const producerOf = (caller: Caller, coding: Coding): Producer["Service"] => {
  const publish = (message: Message, { compression: _, serializer: __, ...how }: PublishOptions) =>
    caller.call<void, MessagingError>("producer.publish", message, withMillis(how))
  const encoded = (content: unknown, how: PublishOptions): Result.Result<Message, MessagingError> =>
    isMessage(content)
      ? Result.succeed({ body: content.body, headers: content.headers, properties: content.properties })
      : Content.encode(content, { ...how, serializers: coding.serializers, compressions: coding.compressions })
  const send = (content: unknown, how: PublishOptions): Effect.Effect<void, MessagingError> =>
    Effect.suspend(() => {
      const message = encoded(content, how)
      return Result.isFailure(message) ? Effect.fail(message.failure) : publish(message.success, how)
    })
  return {
    publish: send,
    publishUnsafe: (message, { exchange, routingKey }, options, onOutcome) => {
      Effect.runFork(
        Effect.matchCause(send(message, { ...options, exchange, routingKey }), {
          onSuccess: () => onOutcome(undefined),
          onFailure: (cause) =>
            onOutcome(cause.reasons.find((reason) => reason._tag === "Fail")?.error ?? notHere("publish"))
        })
      )
    },
    connect: Effect.suspend(() => caller.call<void, MessagingError>("producer.connect")),
    channel: Effect.fail(notHere("channel")),
    connection: Effect.fail(notHere("connection"))
  }
}

const isMessage = (content: unknown): content is Message =>
  typeof content === "object" && content !== null && "body" in content && content.body instanceof Uint8Array &&
  "headers" in content && "properties" in content

/** Times, however they are said, and times in a policy of retries. */
const withMillis = (options: object): object =>
  Object.fromEntries(
    Object.entries(options).map(([key, value]) => [
      key,
      Duration.isDuration(value)
        ? Duration.toMillis(value)
        : key === "retry" && typeof value === "object" && value !== null
        ? withMillis(value)
        : value
    ])
  )

const transportOf = ({ driver, exchangeTypes, uri }: NonNullable<Lent["transport"]>): Transport["Service"] => ({
  driver,
  uri,
  exchangeTypes: new Set(exchangeTypes as ReadonlyArray<"topic">), // the names came from a set of them
  connect: () => Effect.fail(notHere("connect"))
})

const notHere = (operation: string) =>
  because(
    operation,
    new InvalidConfiguration({
      detail:
        "a task that runs in a thread or a process of its own has no connection to the broker: send with Client or Producer, or run it on fibers"
    })
  )
