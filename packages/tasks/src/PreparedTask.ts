/**
 * A task that is ready to be sent and not sent: what an outbox keeps.
 *
 * `client.prepare` makes one, with everything that a send decides: id, headers,
 * body, queue. `encode` writes it as text, which a program stores in the same
 * transaction as its own data; `decode` reads it, in another process perhaps,
 * and `client.send` sends it, more than once if need be: a task that is sent twice has one id.
 *
 * ```ts
 * const prepared = yield* client.prepare(sendReceipt, { order: 7 })
 * insert.run(prepared.id, PreparedTask.encode(prepared))
 * ```
 *
 * @since 0.1.0
 */
import { defaults, type Limits } from "@celeriac/messaging/Limits"
import type { Message } from "@celeriac/messaging/Message"
import { json } from "@celeriac/messaging/serializers/Json"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Outcome from "./Outcome.ts"
import type { Destination } from "./Router.ts"
import { because, InvalidPrepared, type TaskError } from "./TaskError.ts"

/** `A` and `E` are what the task comes to; one that was read from text is `unknown`. */
export interface PreparedTask<out A = unknown, out E = never> {
  readonly id: string
  readonly task: string
  /** The queue that it is for; exchange and routing key where it goes another way than by its queue's name. */
  readonly to: Destination
  /** As it will be published, but for the time that it may wait. */
  readonly message: Message
  /** Milliseconds since the epoch. */
  readonly eta: number | undefined
  /** Milliseconds since the epoch. */
  readonly expires: number | undefined
  /** Nobody will ask for its result. */
  readonly ignoreResult: boolean
  /** How its result is read. */
  readonly outcome: Outcome.Outcome<A, E>
}

/** As text: JSON, with Python's types where a header needs them. A body that is UTF-8 can be read in it. */
export const encode = ({ message, outcome: _, ...rest }: PreparedTask<unknown, unknown>): string => {
  const text = textOf(message.body)
  return Buffer.from(json.encode({
    ...rest,
    ...text === undefined ? { base64: Buffer.from(message.body).toString("base64") } : { body: text },
    headers: message.headers,
    properties: message.properties
  })).toString()
}

/** Reads what `encode` wrote. Fails with `InvalidPrepared`, which says what is wrong with the text. */
export const decode = (text: string): Result.Result<PreparedTask, TaskError> => {
  try {
    const { base64, body, headers, properties, ...rest } = decodeStored(json.decode(Buffer.from(text), limits))
    if ((body === undefined) === (base64 === undefined)) return invalid("it has either 'body' or 'base64'")
    const bytes = body === undefined ? Buffer.from(base64 ?? "", "base64") : Buffer.from(body)
    return Result.succeed({
      id: rest.id,
      task: rest.task,
      to: rest.to,
      eta: rest.eta,
      expires: rest.expires,
      ignoreResult: rest.ignoreResult,
      message: { body: bytes, headers, properties },
      outcome: Outcome.untyped
    })
  } catch (error) {
    return invalid(error instanceof Error ? error.message : String(error))
  }
}

const maybe = Schema.optional
const Stored = Schema.Struct({
  id: Schema.NonEmptyString,
  task: Schema.NonEmptyString,
  to: Schema.Struct({
    queue: maybe(Schema.String),
    exchange: maybe(Schema.String),
    routingKey: maybe(Schema.String)
  }),
  eta: maybe(Schema.Finite),
  expires: maybe(Schema.Finite),
  ignoreResult: Schema.Boolean,
  body: maybe(Schema.String),
  base64: maybe(Schema.String),
  headers: Schema.Record(Schema.String, Schema.Unknown),
  properties: Schema.Struct({
    contentType: maybe(Schema.String),
    contentEncoding: maybe(Schema.String),
    deliveryMode: maybe(Schema.Literals([1, 2])),
    priority: maybe(Schema.Int),
    correlationId: maybe(Schema.String),
    replyTo: maybe(Schema.String),
    expiration: maybe(Schema.String),
    messageId: maybe(Schema.String),
    timestamp: maybe(Schema.Finite),
    type: maybe(Schema.String),
    userId: maybe(Schema.String),
    appId: maybe(Schema.String)
  })
})

const decodeStored = (value: unknown): typeof Stored.Type => Schema.decodeUnknownSync(Stored)(value)

/** What one's own database gives back is as large as what was put in. */
const limits: Limits = { ...defaults, bodyBytes: Infinity }

const textOf = (bytes: Uint8Array): string | undefined => {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

const invalid = (detail: string): Result.Result<never, TaskError> =>
  Result.fail(because("decode", new InvalidPrepared({ detail })))
