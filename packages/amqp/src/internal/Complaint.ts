/**
 * Which message it was, when a broker closes a channel because of one, and what
 * that means for the others.
 *
 * A broker looks at messages in the order in which they were sent, and at none
 * after the one that it refuses. Its words say what is wrong with that one: a
 * size, an exchange, a property. So what came later was not stored, and what
 * came before was looked at, and is of unknown outcome. Where the words fit
 * several, those from the first to the last of them are suspects.
 *
 * The words are RabbitMQ's, 3.10 to 4; others may be about any message.
 *
 * @since 0.1.0
 */
import { MessageRefused, NotFound, OutcomeUnknown, type Reason, TooLarge } from "@celeriac/messaging/MessagingError"
import type { Publishing } from "./Publishing.ts"

/** The broker's reply to a publish, which closes the channel. */
export interface Complaint {
  readonly code: number
  readonly detail: string
}

/**
 * What each is told. `closed` is for what was never sent, or never looked at;
 * without a complaint the channel went for another reason. `isKnown` says
 * whether the broker has taken messages for an exchange before.
 */
export const endings = (
  complaint: Complaint | undefined,
  closed: Reason,
  sent: ReadonlyArray<Publishing>,
  waiting: ReadonlyArray<Publishing>,
  isKnown: (exchange: string) => boolean
): ReadonlyArray<readonly [Publishing, Reason]> => {
  const range = complaint === undefined ? undefined : rangeOf(complaint, sent, isKnown)
  const endingOf = (publishing: Publishing, at: number): Reason => {
    if (complaint === undefined || range === undefined || at < range.first) return unknown(publishing, closed)
    const isMeant = range.isAny || fits(complaint, publishing)
    if (at < range.last) return unknown(publishing, closed, isMeant)
    if (at === range.last) {
      return range.isAny && range.first < at ? unknown(publishing, closed, true) : reasonOf(complaint, publishing)
    }
    return isAboutExchange(complaint) && isMeant ? reasonOf(complaint, publishing) : closed
  }
  return [
    ...sent.map((publishing, at) => [publishing, endingOf(publishing, at)] as const),
    ...waiting.map((publishing) =>
      [
        publishing,
        complaint !== undefined && isAboutExchange(complaint) && fits(complaint, publishing)
          ? reasonOf(complaint, publishing)
          : closed
      ] as const
    )
  ]
}

interface Range {
  /** The first message that may be meant. All before it were looked at. */
  readonly first: number
  /** The last. It was not stored, nor was any after it. */
  readonly last: number
  /** The words fit none of those that were sent, so it may be any. */
  readonly isAny: boolean
}

const rangeOf = (
  complaint: Complaint,
  sent: ReadonlyArray<Publishing>,
  isKnown: (exchange: string) => boolean
): Range | undefined => {
  const isMeant = (publishing: Publishing): boolean => fits(complaint, publishing)
  const first = sent.findIndex(isMeant)
  if (first === -1) return sent.length === 0 ? undefined : { first: 0, last: sent.length - 1, isAny: true }
  // What is wrong with a message is wrong with every such message. An exchange may have been there a moment ago.
  const isFirst = !isAboutWhere(complaint) || !isKnown(sent[first]?.exchange ?? "")
  return { first, last: isFirst ? first : sent.findLastIndex(isMeant), isAny: false }
}

const unknown = ({ exchange, routingKey }: Publishing, closed: Reason, isSuspect = false): Reason =>
  new OutcomeUnknown({ exchange, routingKey, detail: closed.message, ...(isSuspect ? { isSuspect } : {}) })

/** What the message that is meant is told. */
const reasonOf = ({ code, detail }: Complaint, { exchange, routingKey, size }: Publishing): Reason => {
  const limit = limitOf(detail)
  if (limit !== undefined) return tooLarge(size, limit)
  return code === 404 ? new NotFound({ detail }) : new MessageRefused({ exchange, routingKey, code, detail })
}

export const tooLarge = (size: number, limit: number): Reason =>
  new TooLarge({ what: `the message of ${size} bytes`, limit })

/** The size that the broker takes at most, if that is what it says. */
export const limitOf = (detail: string): number | undefined => {
  const limit = /message size \d+ is larger than (?:configured )?max size (\d+)/.exec(detail)?.[1]
  return limit === undefined ? undefined : Number(limit)
}

/** Whether all that go there are refused. */
export const isAboutExchange = (complaint: Complaint): boolean =>
  isAboutWhere(complaint) && !complaint.detail.includes(" topic ")

const isAboutWhere = ({ code }: Complaint): boolean => code === 404 || code === 403

/** Whether the words are about such a message. */
export const fits = (complaint: Complaint, { exchange, headers, properties, size }: Publishing): boolean => {
  const { detail } = complaint
  if (isAboutWhere(complaint)) return detail.includes(`exchange '${exchange || "amq.default"}'`)
  const limit = limitOf(detail)
  if (limit !== undefined) return size > limit
  const header = /unacceptable_type_in_header,"(B?CC)"/.exec(detail)?.[1]
  if (header !== undefined) return headers[header] !== undefined && !Array.isArray(headers[header])
  return said(/user_id property set to '([^]*)' but /, properties.userId, detail) ||
    said(/invalid expiration '([^]*)'/, properties.expiration, detail) ||
    said(/delivery_mode_unknown,(\d+)/, properties.deliveryMode, detail)
}

const said = (words: RegExp, value: unknown, detail: string): boolean =>
  value !== undefined && words.exec(detail)?.[1] === String(value)
