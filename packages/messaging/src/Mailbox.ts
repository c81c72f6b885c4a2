/**
 * The mailbox by which nodes are asked and told: Kombu's `pidbox`.
 *
 * A request goes to a fanout exchange, from which every node has a queue of its
 * own; who is meant says the request itself. Replies go to a queue of whoever
 * asks. All of it is transient: a request that nobody takes is gone.
 *
 * Here are the declarations; `MailboxNode` is the side that is asked,
 * `MailboxClient` the side that asks. Source: control section 1, as Kombu 5.7
 * declares it (its queues are exclusive, those of 5.6 are not).
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Entity from "./Entity.ts"
import { because, InvalidConfiguration, type MessagingError } from "./MessagingError.ts"

/** Names and life times. Both ends have to agree on the namespace. */
export interface Options {
  /** Celery's `control_exchange`. Default `celery`. */
  readonly namespace?: string | undefined
  /** How long a request waits for a node. Celery's `control_queue_ttl`. Default 300 seconds. */
  readonly queueTtl?: Duration.Input | undefined
  /** How long a queue lives unused. Celery's `control_queue_expires`. Default 10 seconds. */
  readonly queueExpires?: Duration.Input | undefined
  /** Whether a queue belongs to its connection. Celery's `control_queue_exclusive`. Default true. */
  readonly queueExclusive?: boolean | undefined
  /** Whether a queue survives a restart of the broker; it cannot be exclusive then. Celery's `control_queue_durable`. Default false. */
  readonly queueDurable?: boolean | undefined
  /** The serializers whose content is read. Default `["json"]`. */
  readonly accept?: ReadonlyArray<string> | undefined
  /** The serializer of what is sent. Default `json`. */
  readonly serializer?: string | undefined
}

/** What has to be there, as declarations. */
export interface Mailbox {
  readonly namespace: string
  /** Where requests go: all nodes get them. */
  readonly exchange: Entity.Exchange
  /** Where replies go, by the id of whoever asked. */
  readonly replyExchange: Entity.Exchange
  /** `<nodename>.<namespace>.pidbox`. */
  readonly queueOf: (nodename: string) => Entity.Queue
  /** `<id>.reply.<namespace>.pidbox`. */
  readonly replyQueueOf: (id: string) => Entity.Queue
  readonly accept: ReadonlyArray<string>
  readonly serializer: string
}

/** A node may be asked by its name, or by a pattern; without either, all are meant. */
export interface Addressing {
  /** Names of nodes. An empty list means all, as with Celery. */
  readonly destination?: ReadonlyArray<string> | undefined
  readonly pattern?: string | undefined
  /** How the pattern is read: `glob` as file names are, `pcre` as a regular expression. Default `glob`. */
  readonly matcher?: "glob" | "pcre" | undefined
}

/** What a node is asked to do. */
export interface Request {
  readonly method: string
  readonly arguments: Readonly<Record<string, unknown>>
  /** By which whoever asked knows the reply. */
  readonly ticket: string | undefined
  /** The routing key of the reply, in the mailbox's reply exchange. Without one, nobody waits for any. */
  readonly replyTo: string | undefined
}

/** What a node said. */
export interface Reply {
  readonly node: string
  readonly value: unknown
}

/** Fails when the queues are to be both exclusive and durable. */
export const make = (options: Options = {}): Effect.Effect<Mailbox, MessagingError> => {
  const {
    namespace = "celery",
    queueDurable: durable = false,
    queueExclusive: exclusive = true,
    queueExpires: expires = "10 seconds",
    queueTtl: messageTtl = "300 seconds"
  } = options
  if (durable && exclusive) return Effect.fail(bothWays())
  const exchange = Entity.exchange(`${namespace}.pidbox`, { type: "fanout", durable: false })
  const replyExchange = Entity.exchange(`reply.${namespace}.pidbox`, { durable: false })
  const queue = { durable, exclusive, autoDelete: !durable, expires, messageTtl }
  return Effect.succeed({
    namespace,
    exchange,
    replyExchange,
    queueOf: (nodename) => Entity.queue(`${nodename}.${exchange.name}`, { ...queue, exchange }),
    replyQueueOf: (id) =>
      Entity.queue(`${id}.${replyExchange.name}`, { ...queue, exchange: replyExchange, routingKey: id }),
    accept: options.accept ?? ["json"],
    serializer: options.serializer ?? "json"
  })
}

const bothWays = () =>
  because(
    "declare mailbox",
    new InvalidConfiguration({
      detail:
        "control queues cannot be exclusive and durable: an exclusive queue goes with its connection. Turn one of both off (control_queue_exclusive, control_queue_durable)"
    })
  )
