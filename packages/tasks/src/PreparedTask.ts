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
 * A canvas is prepared as one: with all of its messages, and under the id of what
 * it comes to. Where results are messages (`rpc://`), those of all of its tasks come to
 * whoever sends it.
 *
 * @since 0.1.0
 */
import { defaults, type Limits } from "@celeriac/messaging/Limits"
import { json } from "@celeriac/messaging/serializers/Json"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { AsyncResult, Child } from "./AsyncResult.ts"
import type { ChordSize } from "./canvas/CanvasMessages.ts"
import type * as Preparing from "./internal/Preparing.ts"
import * as Outcome from "./Outcome.ts"
import * as ResultTuple from "./result/ResultTuple.ts"
import { because, InvalidPrepared, type TaskError } from "./TaskError.ts"

/** `A` and `E` are what the task comes to, `Sent` is what is had of it when it is sent; one that was read from text is `unknown`. */
export interface PreparedTask<out A = unknown, out E = never, out Sent = AsyncResult<A, E>>
  extends Preparing.Prepared<A, E>
{
  /** What is sent besides, where it is a canvas. */
  readonly canvas?: PreparedCanvas | undefined
  /** Only the compiler reads it. */
  readonly "~sent"?: (() => Sent) | undefined
}

/** What a canvas has besides its first message. */
export interface PreparedCanvas {
  /** The id of the task of that message. */
  readonly first: string
  readonly others: ReadonlyArray<PreparedTask<any, any, any>>
  /** How many parts its chords have, of those whose parts are among the messages. */
  readonly chords: ReadonlyArray<ChordSize>
  /** Those of their headers whose shape is kept. */
  readonly saves: ReadonlyArray<ResultTuple.ResultTuple>
  /** Whether there is one in it, now or later. */
  readonly hasChord: boolean
  /** What it comes to. */
  readonly result: ResultTuple.ResultTuple
}

/** One that was read from text: nobody knows what it comes to, nor to how many. */
export type Decoded = PreparedTask<unknown, never, Child>

/** As text: JSON, with Python's types where a header needs them. A body that is UTF-8 can be read in it. */
export const encode = (prepared: PreparedTask<unknown, unknown, unknown>): string =>
  Buffer.from(json.encode(stored(prepared))).toString()

const stored = (
  { canvas, eta, expires, id, ignoreResult, message, task, to }: PreparedTask<unknown, unknown, unknown>
): Readonly<Record<string, unknown>> => {
  const text = textOf(message.body)
  return {
    id,
    task,
    to,
    eta,
    expires,
    ignoreResult,
    ...text === undefined ? { base64: Buffer.from(message.body).toString("base64") } : { body: text },
    headers: message.headers,
    properties: message.properties,
    ...canvas === undefined
      ? {}
      : {
        canvas: {
          ...canvas,
          others: canvas.others.map(stored),
          saves: canvas.saves.map(ResultTuple.encode),
          result: ResultTuple.encode(canvas.result)
        }
      }
  }
}

/** Reads what `encode` wrote. Fails with `InvalidPrepared`, which says what is wrong with the text. */
export const decode = (text: string): Result.Result<Decoded, TaskError> => {
  try {
    return Result.succeed(read(json.decode(Buffer.from(text), limits)))
  } catch (error) {
    return Result.fail(because(
      "decode",
      new InvalidPrepared({ detail: error instanceof Error ? error.message : String(error) })
    ))
  }
}

const read = (value: unknown): Decoded => {
  const { base64, body, canvas, headers, properties, ...rest } = decodeStored(value)
  if ((body === undefined) === (base64 === undefined)) throw new Error("it has either 'body' or 'base64'")
  const bytes = body === undefined ? Buffer.from(base64 ?? "", "base64") : Buffer.from(body)
  return {
    id: rest.id,
    task: rest.task,
    to: rest.to,
    eta: rest.eta,
    expires: rest.expires,
    ignoreResult: rest.ignoreResult,
    message: { body: bytes, headers, properties },
    outcome: Outcome.untyped,
    ...canvas === undefined
      ? {}
      : {
        canvas: {
          ...canvas,
          others: canvas.others.map(read),
          saves: canvas.saves.map(resultOf),
          result: resultOf(canvas.result)
        }
      }
  }
}

const resultOf = (value: unknown): ResultTuple.ResultTuple => {
  const result = ResultTuple.decode(value)
  if (result === undefined) throw new Error("what the canvas comes to is no result")
  return result
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
  }),
  canvas: maybe(Schema.Struct({
    first: Schema.NonEmptyString,
    others: Schema.Array(Schema.Unknown),
    chords: Schema.Array(Schema.Struct({ groupId: Schema.NonEmptyString, size: Schema.Int })),
    saves: Schema.Array(Schema.Unknown),
    hasChord: Schema.Boolean,
    result: Schema.Unknown
  }))
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
