/**
 * The seal of a message: a header that says who sent it, when, and that nothing
 * of it has changed.
 *
 * Celery signs bodies alone; headers, which have the name of a task, its id, its
 * times and options, are in clear. Where messages are signed, a `Producer` and a
 * `Mailbox` seal tasks and commands besides, and whoever receives them looks
 * before anything else is done. Peers that know no seals ignore the header.
 * `Sealer` makes one; nobody seals who has none.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type { Delivery, Message } from "../Message.ts"

/** The header. */
export const header = "celeriac_signature"

/** Why a message is refused. */
export interface Refusal {
  readonly _tag: "Refused"
  /** What it says was said before: it is a copy, and nothing is to be said about the one that came first. */
  readonly isReplay: boolean
  readonly detail: string
}

/** A message that is sealed, and may be read. Whoever remembers more than this one looks whether it is a copy, by these. */
export interface Sealed {
  readonly _tag: "Sealed"
  /** What it has for itself alone: 22 characters of base64url. */
  readonly number: string
  /** Until when it is not too old, in milliseconds since the epoch. */
  readonly until: number
}

export interface Seal {
  /** The message with its seal, made anew; as it is, where its body is not signed. */
  readonly seal: (message: Message) => Message
  /** Notes the message, and gives why it is not to be trusted, or that it is sealed; undefined when it may be read. Never throws. */
  readonly check: (delivery: Delivery) => Refusal | Sealed | undefined
}

/** Whether the body of a message is one that is signed: once it was read, by whom is known. */
export const isSigned = ({ properties }: Pick<Message, "properties">): boolean =>
  properties.contentType === "application/data"

/** Of tasks and of commands apart: what a worker has seen of the one says nothing of the other. */
export interface Seals {
  readonly tasks: Seal
  readonly commands: Seal
}

export const Seals: Context.Reference<Seals | undefined> = Context.Reference<Seals | undefined>(
  "@celeriac/messaging/security/Seals",
  { defaultValue: () => undefined }
)
