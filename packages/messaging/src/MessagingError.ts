/**
 * What can go wrong between us and a broker, or between us and the bytes it
 * hands over.
 *
 * Every transport, serializer and compression reports its failures as one
 * `MessagingError`: its `reason` says which, `isRecoverable` whether to
 * reconnect. Messages never hold a password: a `uri` is masked where it is made.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { refused, withoutStop } from "./internal/Wording.ts"

/** The broker could not be reached, or the connection to it was lost. */
export class ConnectionLost extends Schema.TaggedError<ConnectionLost>()("ConnectionLost", {
  uri: Schema.String,
  detail: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  readonly isRecoverable = true
  override get message(): string {
    // What was never there is not lost.
    return this.detail.startsWith(refused)
      ? `${refused} at ${this.uri}${this.detail.slice(refused.length)}`
      : `connection to ${this.uri} lost: ${this.detail}`
  }
}

/** The broker refused the credentials, or what they may do. */
export class AccessRefused extends Schema.TaggedError<AccessRefused>()("AccessRefused", {
  uri: Schema.String,
  detail: Schema.String
}) {
  readonly isRecoverable = false
  override get message(): string {
    const advice = /reserved prefix/.test(this.detail)
      ? "Names that begin with 'amq.' are the broker's own: take another"
      : "Check the user name, the password and the user's permissions on this virtual host"
    return `${this.uri} refused access: ${withoutStop(this.detail)}. ${advice}`
  }
}

/** The virtual host in the URL does not exist, or the user may not enter it. */
export class VirtualHostRefused extends Schema.TaggedError<VirtualHostRefused>()("VirtualHostRefused", {
  uri: Schema.String,
  detail: Schema.String
}) {
  readonly isRecoverable = false
  override get message(): string {
    return `${this.uri} refused the virtual host: ${
      withoutStop(this.detail)
    }. Create it (rabbitmqctl add_vhost), grant permissions, or mend the path of the URL`
  }
}

/** The configuration itself cannot work: a malformed URL, an unreadable certificate. */
export class InvalidConfiguration extends Schema.TaggedError<InvalidConfiguration>()("InvalidConfiguration", {
  detail: Schema.String
}) {
  readonly isRecoverable = false
  override get message(): string {
    return this.detail
  }
}

/** An exchange or a queue that was named does not exist (404). */
export class NotFound extends Schema.TaggedError<NotFound>()("NotFound", {
  detail: Schema.String
}) {
  readonly isRecoverable = true
  override get message(): string {
    return `not found: ${this.detail}`
  }
}

/** An entity exists with other arguments than the ones declared (406), or is locked by another connection (405). */
export class PreconditionFailed extends Schema.TaggedError<PreconditionFailed>()("PreconditionFailed", {
  entity: Schema.String,
  detail: Schema.String
}) {
  readonly isRecoverable = false
  override get message(): string {
    return `${this.entity} exists with other properties: ${
      withoutStop(this.detail)
    }. Declare it as it is, or delete it first`
  }
}

/** The broker closed the channel, for a reason that a new channel may cure. */
export class ChannelClosed extends Schema.TaggedError<ChannelClosed>()("ChannelClosed", {
  code: Schema.Number,
  detail: Schema.String
}) {
  readonly isRecoverable = true
  override get message(): string {
    return `channel closed by the broker (${this.code}): ${this.detail}`
  }
}

/** The broker cancelled our consumer: the queue was deleted, or its node went away. */
export class ConsumerCancelled extends Schema.TaggedError<ConsumerCancelled>()("ConsumerCancelled", {
  queue: Schema.String
}) {
  readonly isRecoverable = true
  override get message(): string {
    return `the broker cancelled the consumer of queue '${this.queue}'`
  }
}

/** A mandatory message reached no queue: it was not stored. */
export class Unroutable extends Schema.TaggedError<Unroutable>()("Unroutable", {
  exchange: Schema.String,
  routingKey: Schema.String
}) {
  readonly isRecoverable = false
  override get message(): string {
    return `no queue is bound to exchange '${this.exchange}' with routing key '${this.routingKey}': the message was not stored. Declare the queue, or mend the route`
  }
}

/** The broker said that it did not take the message: it was not stored. */
export class Nacked extends Schema.TaggedError<Nacked>()("Nacked", {
  exchange: Schema.String,
  routingKey: Schema.String
}) {
  readonly isRecoverable = false
  override get message(): string {
    return `the broker refused the message for exchange '${this.exchange}', routing key '${this.routingKey}': it was not stored. Its queue is full and rejects what comes, or has no leader at the moment`
  }
}

/** The broker closed the channel because of this message, which was not stored. A size has `TooLarge`, a missing exchange `NotFound`. */
export class MessageRefused extends Schema.TaggedError<MessageRefused>()("MessageRefused", {
  exchange: Schema.String,
  routingKey: Schema.String,
  code: Schema.Number,
  detail: Schema.String
}) {
  readonly isRecoverable = false
  override get message(): string {
    const advice = this.code === 403
      ? "Grant the permission to write there, or send it elsewhere"
      : "Mend what it names: to send it again would come to the same"
    return `the broker refused the message for exchange '${this.exchange}', routing key '${this.routingKey}' (${this.code}), and did not store it: ${
      withoutStop(this.detail)
    }. ${advice}`
  }
}

/**
 * The deadline passed. With `unsent`, which says why, the message never left
 * and was not stored; without, no confirm came and it is not known.
 */
export class PublishTimedOut extends Schema.TaggedError<PublishTimedOut>()("PublishTimedOut", {
  exchange: Schema.String,
  routingKey: Schema.String,
  millis: Schema.Number,
  blocked: Schema.NullOr(Schema.String),
  unsent: Schema.optionalKey(Schema.String)
}) {
  readonly isRecoverable = false
  override get message(): string {
    const blocked = this.blocked === null ? "" : ` (the broker blocks publishers: ${this.blocked})`
    const to = `exchange '${this.exchange}', routing key '${this.routingKey}'`
    return this.unsent === undefined
      ? `no confirm within ${this.millis} ms from ${to}${blocked}: whether it was stored is not known`
      : `could not send within ${this.millis / 1000} s: ${this.unsent}${blocked} (to ${to}: not stored)`
  }
}

/**
 * The channel went away between publish and confirm: whether the message was
 * stored is not known. So ends what is under way to an exchange, or by a permission,
 * that is taken away. With `isSuspect`, the broker closed the channel because of one
 * message, perhaps this one: whoever sends it again sends it by itself.
 */
export class OutcomeUnknown extends Schema.TaggedError<OutcomeUnknown>()("OutcomeUnknown", {
  exchange: Schema.String,
  routingKey: Schema.String,
  detail: Schema.String,
  isSuspect: Schema.optionalKey(Schema.Literal(true))
}) {
  readonly isRecoverable = false
  override get message(): string {
    return `the connection was lost before the confirm (${this.detail}): whether the message for exchange '${this.exchange}', routing key '${this.routingKey}' was stored is not known`
  }
}

/** As much as is allowed waits to be sent already, in messages or in bytes of bodies: this message was not sent. */
export class BufferFull extends Schema.TaggedError<BufferFull>()("BufferFull", {
  limit: Schema.Number,
  unit: Schema.Literals(["messages", "bytes"])
}) {
  readonly isRecoverable = false
  override get message(): string {
    return `as many ${this.unit} as are allowed (${this.limit}) wait for the broker already: this message was not sent. Publish more slowly, or raise the bound`
  }
}

/** The content type is not one of those accepted: nothing was decoded. */
export class ContentDisallowed extends Schema.TaggedError<ContentDisallowed>()("ContentDisallowed", {
  contentType: Schema.String
}) {
  readonly isRecoverable = false
  override get message(): string {
    return `Refusing to deserialize untrusted content of type ${this.contentType}`
  }
}

/** The body is not what its content type, encoding or compression says. */
export class Undecodable extends Schema.TaggedError<Undecodable>()("Undecodable", {
  detail: Schema.String
}) {
  readonly isRecoverable = false
  override get message(): string {
    return `Can't decode message body: ${this.detail}`
  }
}

/** A bound was passed: body, header or decompressed size in bytes, or depth in levels. */
export class TooLarge extends Schema.TaggedError<TooLarge>()("TooLarge", {
  what: Schema.String,
  limit: Schema.Number
}) {
  readonly isRecoverable = false
  override get message(): string {
    return `${this.what} is over the limit of ${this.limit}`
  }
}

/** A value has no form in the serializer it was given to. */
export class Unencodable extends Schema.TaggedError<Unencodable>()("Unencodable", {
  detail: Schema.String
}) {
  readonly isRecoverable = false
  override get message(): string {
    return `Can't encode: ${this.detail}`
  }
}

/** A message was settled a second time. */
export class AlreadySettled extends Schema.TaggedError<AlreadySettled>()("AlreadySettled", {
  state: Schema.String
}) {
  readonly isRecoverable = false
  override get message(): string {
    return `message already settled: ${this.state}`
  }
}

/** Every reason, as a schema. */
export const Reason = Schema.Union([
  ConnectionLost,
  AccessRefused,
  VirtualHostRefused,
  InvalidConfiguration,
  NotFound,
  PreconditionFailed,
  ChannelClosed,
  ConsumerCancelled,
  Unroutable,
  Nacked,
  MessageRefused,
  PublishTimedOut,
  OutcomeUnknown,
  BufferFull,
  ContentDisallowed,
  Undecodable,
  TooLarge,
  Unencodable,
  AlreadySettled
])

/** Every way in which a messaging operation fails. */
export type Reason = typeof Reason.Type

/** Any failure of a messaging operation: which one, and why. */
export class MessagingError extends Schema.TaggedError<MessagingError>()("MessagingError", {
  operation: Schema.String,
  reason: Reason
}) {
  /** Whether a fresh connection or channel may make the operation succeed. */
  get isRecoverable(): boolean {
    return this.reason.isRecoverable
  }

  /** Of a publish: whether it is this message that is not taken, however often it is sent, while others are. */
  get isRefusal(): boolean {
    return refusals.has(this.reason._tag)
  }

  override get message(): string {
    return `${this.operation}: ${this.reason.message}`
  }
}

const refusals: ReadonlySet<Reason["_tag"]> = new Set(["MessageRefused", "TooLarge", "Unencodable", "NotFound"])

/** Shorthand of every seam: the operation that failed, and why. */
export const because = (operation: string, reason: Reason): MessagingError => new MessagingError({ operation, reason })
