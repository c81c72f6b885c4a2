/**
 * The methods of the parent's services that a child may call, by name.
 *
 * What a child sends is seen by the parent's signals of sending, as if a handler
 * of its own had sent it.
 *
 * @since 0.1.0
 */
import type { Message } from "@celeriac/messaging/Message"
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import { Producer, type PublishOptions } from "@celeriac/messaging/Producer"
import * as PublishSignals from "@celeriac/tasks/PublishSignals"
import { ChordCounter } from "@celeriac/tasks/result/ChordCounter"
import type { ResultError } from "@celeriac/tasks/result/ResultError"
import { ResultReader } from "@celeriac/tasks/result/ResultReader"
import { ResultWriter } from "@celeriac/tasks/result/ResultWriter"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"

type Failure = MessagingError | ResultError

/** Its arguments come from the child's half of the same service: their types are that's. */
type Method = (...args: ReadonlyArray<any>) => Effect.Effect<unknown, Failure> | Stream.Stream<unknown, Failure>

export const make: Effect.Effect<Readonly<Record<string, Method>>> = Effect.gen(function*() {
  const context = yield* Effect.context<never>()
  const signals = yield* PublishSignals.make
  const writer = Context.getOrUndefined(context, ResultWriter)
  const reader = Context.getOrUndefined(context, ResultReader)
  const chords = Context.getOrUndefined(context, ChordCounter)
  const producer = Context.getOrUndefined(context, Producer)
  return {
    ...writer && ofWriter(writer),
    ...reader && methodsOf("reader", reader),
    ...chords && methodsOf("chords", chords),
    ...producer && ofProducer(producer, signals)
  }
})

const ofWriter = (writer: ResultWriter["Service"]): Readonly<Record<string, Method>> => ({
  "writer.store": (record, addressee) =>
    Effect.callback<void, ResultError>((resume) => {
      writer.storeUnsafe(record, addressee, (error) => resume(error === undefined ? Effect.void : Effect.fail(error)))
    }),
  "writer.cleanup": () => writer.cleanup ?? Effect.void
})

/** Each of its methods takes plain values, and gives an effect or a stream. */
const methodsOf = (name: string, service: object): Readonly<Record<string, Method>> =>
  Object.fromEntries(
    Object.entries(service).flatMap(([key, value]) =>
      typeof value === "function" ? [[`${name}.${key}`, value.bind(service) as Method]] : []
    )
  )

const ofProducer = (
  producer: Producer["Service"],
  signals: PublishSignals.Signals | undefined
): Readonly<Record<string, Method>> => ({
  "producer.connect": () => producer.connect,
  "producer.publish": (message: Message, options: PublishOptions) => {
    const { id, task } = message.headers
    if (signals === undefined || typeof id !== "string" || typeof task !== "string") {
      return producer.publish(message, options)
    }
    const exchange = typeof options.exchange === "object" ? options.exchange.name : options.exchange ?? ""
    const about = { id, task, to: { exchange, routingKey: options.routingKey ?? "" } }
    const signalled = signals.before({ ...about, message })
    return Effect.tap(
      producer.publish(signalled, options),
      () => Effect.sync(() => signals.after({ ...about, message: signalled }))
    )
  }
})
