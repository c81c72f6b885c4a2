/**
 * The services that handlers have in a child: each of them is the parent's, and
 * asks it. A client is made of them, so that what is sent is prepared here, by
 * the settings of the worker, and goes out over the parent's connection.
 *
 * @since 0.1.0
 */
import * as Content from "@celeriac/messaging/Content"
import type { Message } from "@celeriac/messaging/Message"
import { because, InvalidConfiguration, type MessagingError } from "@celeriac/messaging/MessagingError"
import { Producer, type PublishOptions } from "@celeriac/messaging/Producer"
import { Transport } from "@celeriac/messaging/Transport"
import * as Client from "@celeriac/tasks/Client"
import * as EventDispatcher from "@celeriac/tasks/event/EventDispatcher"
import { ChordCounter } from "@celeriac/tasks/result/ChordCounter"
import type { ResultError } from "@celeriac/tasks/result/ResultError"
import { ResultReader } from "@celeriac/tasks/result/ResultReader"
import { ResultWriter } from "@celeriac/tasks/result/ResultWriter"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Coding } from "../../../trace/Portable.ts"
import * as Crossing from "../Crossing.ts"
import type { Lent } from "../Protocol.ts"
import type { Caller } from "./Caller.ts"
import type { Wire } from "./Wire.ts"

/** Those that the parent has. */
export const make = (
  lent: Lent,
  caller: Caller,
  wire: Wire,
  coding: Coding
): Effect.Effect<Context.Context<never>> => {
  const { chords, events, producer, reader, transport, writer } = lent
  const services = Context.empty().pipe(
    addIf(EventDispatcher.EventDispatcher, events && dispatcher(new Set(events), wire, coding)),
    addIf(ResultWriter, writer && writerOf(writer.uri, caller)),
    addIf(ResultReader, reader && readerOf(reader, caller)),
    addIf(ChordCounter, chords && counterOf(chords, caller)),
    addIf(Transport, transport && transportOf(transport)),
    addIf(Producer, producer ? producerOf(caller, coding) : undefined)
  )
  return producer && reader !== undefined
    // Both are in it.
    ? Effect.map(
      Effect.provideContext(Client.make, services as Context.Context<Producer | ResultReader>),
      (client) => Context.add(services, Client.Client, client)
    )
    : Effect.succeed(services)
}

const addIf = <I, S>(key: Context.Key<I, S>, service: S | undefined) => (context: Context.Context<never>) =>
  // Whatever is in it: a handler takes what it needs.
  service === undefined ? context : Context.add(context, key, service) as Context.Context<any> as Context.Context<never>

/** Whether anybody wants them is for the parent to know. */
const dispatcher = (
  groups: ReadonlySet<string>,
  wire: Wire,
  coding: Coding
): EventDispatcher.EventDispatcher["Service"] => ({
  ...EventDispatcher.disabled,
  groups,
  enabled: (group) => groups.has(group),
  send: (type: string, fields: object, options: EventDispatcher.SendOptions = {}) => {
    const packed = Crossing.pack(fields, coding)
    if (Result.isFailure(packed)) return
    wire.send({ _tag: "Event", type, fields: packed.success, always: options.always === true })
  }
})

const writerOf = (uri: string, caller: Caller): ResultWriter["Service"] => ({
  uri,
  storeUnsafe: (record, { correlationId, replyTo }, onStored) => {
    const storing = caller.call<void, ResultError>("writer.store", record, { correlationId, replyTo })
    Effect.runFork(
      Effect.matchCause(storing, {
        onSuccess: () => onStored(),
        onFailure: (cause) => onStored(cause.reasons.find((reason) => reason._tag === "Fail")?.error)
      })
    )
  },
  cleanup: Effect.suspend(() => caller.call<void, ResultError>("writer.cleanup"))
})

const readerOf = (
  { replyTo, uri }: NonNullable<Lent["reader"]>,
  caller: Caller
): ResultReader["Service"] => ({
  uri,
  replyTo,
  prepare: (taskId, deadline) => caller.call("reader.prepare", taskId, Duration.toMillis(deadline)),
  wait: (taskId) => caller.call("reader.wait", taskId),
  updates: (taskId) => caller.stream("reader.updates", taskId),
  lookup: (taskId) => caller.call("reader.lookup", taskId),
  state: (taskId) => caller.call("reader.state", taskId),
  forget: (taskId) => caller.call("reader.forget", taskId),
  saveGroup: (group) => caller.call("reader.saveGroup", group),
  restoreGroup: (groupId) => caller.call("reader.restoreGroup", groupId),
  deleteGroup: (groupId) => caller.call("reader.deleteGroup", groupId)
})

const counterOf = (
  { isRefusing, uri }: NonNullable<Lent["chords"]>,
  caller: Caller
): ChordCounter["Service"] => ({
  uri,
  isRefusing,
  setSize: (groupId, size) => caller.call("chords.setSize", groupId, size),
  grow: (groupId, added) => caller.call("chords.grow", groupId, added),
  count: (part) => caller.call("chords.count", part),
  forget: (groupId) => caller.call("chords.forget", groupId)
})

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
