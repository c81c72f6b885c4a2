/**
 * What is wrong with a message or a record that came over the wire.
 *
 * Every decoder of this folder reports one `ProtocolError`. The worker rejects
 * the message without requeue, and stores FAILURE when `id` is known: so the
 * error carries whatever name and id could be read.
 *
 * @since 0.1.0
 */
import { MessagingError } from "@celeriac/messaging/MessagingError"
import * as Schema from "effect/Schema"

/** A header that every task message has is not there. */
export class MissingHeader extends Schema.TaggedError<MissingHeader>()("MissingHeader", {
  header: Schema.String
}) {
  override get message(): string {
    return `header '${this.header}' is missing or empty`
  }
}

/** A header has a value that means nothing. */
export class InvalidHeader extends Schema.TaggedError<InvalidHeader>()("InvalidHeader", {
  header: Schema.String,
  expected: Schema.String,
  received: Schema.String
}) {
  override get message(): string {
    return `header '${this.header}' should be ${this.expected}, and is ${this.received}`
  }
}

/** The body was decoded, and is not the body of a task. `path` is where: `args`, `embed.chain[2].task`. */
export class InvalidBody extends Schema.TaggedError<InvalidBody>()("InvalidBody", {
  path: Schema.String,
  expected: Schema.String,
  received: Schema.String
}) {
  override get message(): string {
    return `${this.path} should be ${this.expected}, and is ${this.received}`
  }
}

/** The body could not be decoded, or is of a content type that is not accepted: `cause.reason` says which. */
export class UndecodableBody extends Schema.TaggedError<UndecodableBody>()("UndecodableBody", {
  cause: MessagingError
}) {
  override get message(): string {
    return this.cause.reason.message
  }
}

/** Neither version of the protocol: no task message at all. */
export class UnknownMessage extends Schema.TaggedError<UnknownMessage>()("UnknownMessage", {
  received: Schema.String
}) {
  override get message(): string {
    return `neither a header nor a body field names a task (the body is ${this.received}): wrong destination?`
  }
}

/** A stored result is not a result record. */
export class InvalidRecord extends Schema.TaggedError<InvalidRecord>()("InvalidRecord", {
  path: Schema.String,
  expected: Schema.String,
  received: Schema.String
}) {
  override get message(): string {
    return `${this.path} of the result record should be ${this.expected}, and is ${this.received}`
  }
}

/** Every reason, as a schema. */
export const Reason = Schema.Union([
  MissingHeader,
  InvalidHeader,
  InvalidBody,
  UndecodableBody,
  UnknownMessage,
  InvalidRecord
])

/** Every way in which a message or a record is not understood. */
export type Reason = typeof Reason.Type

/** A message or a record that is not understood: which task, where it can be told, and why. */
export class ProtocolError extends Schema.TaggedError<ProtocolError>()("ProtocolError", {
  reason: Reason,
  /** The name of the task, when it could be read. */
  task: Schema.UndefinedOr(Schema.String),
  /** The id of the task, when it could be read. */
  id: Schema.UndefinedOr(Schema.String)
}) {
  override get message(): string {
    if (this.task === undefined) return this.reason.message
    return `${this.task}[${this.id ?? "no id"}]: ${this.reason.message}`
  }
}

const longestExcerpt = 80

/** What a value is, in a few words and bounded: for the `received` of a reason. Looks at nothing inside it. */
export const describe = (value: unknown): string => {
  if (value === null) return "null"
  if (value === undefined) return "absent"
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (value instanceof Uint8Array) return `${value.length} bytes`
  switch (typeof value) {
    case "string":
      return value.length > longestExcerpt
        ? `text of ${value.length} characters (${JSON.stringify(value.slice(0, longestExcerpt))}...)`
        : JSON.stringify(value)
    case "object":
      return "an object"
    case "function":
    case "symbol":
      return `a ${typeof value}`
    default:
      return `the ${typeof value} ${String(value)}`
  }
}
