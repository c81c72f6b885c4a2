/**
 * Exchanges, queues and bindings: declarations as values.
 *
 * A declaration says what should exist; `Channel.declare*` makes it so and
 * fails when it exists otherwise. Names of `amq.` and the empty exchange are
 * the broker's own and are never declared.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"

/** How an exchange routes: by equal key, by pattern, to all, by headers. */
export type ExchangeType = "direct" | "topic" | "fanout" | "headers"

/** Arguments of a declaration or a binding (`x-...`). */
export type Arguments = Readonly<Record<string, unknown>>

/**
 * Where messages are published to. One that is not `durable` is gone after a
 * restart of the broker, one that is `autoDelete` with its last binding.
 */
export interface Exchange {
  readonly name: string
  readonly type: ExchangeType
  readonly durable: boolean
  readonly autoDelete: boolean
  readonly arguments: Arguments
}

/** Messages of `exchange` come to the queue when the routing key (or, on a headers exchange, `arguments`) matches. */
export interface Binding {
  readonly exchange: Exchange
  readonly routingKey: string
  readonly arguments: Arguments
}

/**
 * Where messages wait. One that is `exclusive` belongs to its connection, one
 * that is `autoDelete` is gone with its last consumer.
 */
export interface Queue<out Name extends string = string> {
  readonly name: Name
  readonly durable: boolean
  readonly exclusive: boolean
  readonly autoDelete: boolean
  /** What it is bound to, and with which routing key; without either, the default exchange, by its name. */
  readonly exchange: Exchange
  readonly routingKey: string
  /** `x-...`, those made from `expires`, `messageTtl` and so on included. */
  readonly arguments: Arguments
  /** What feeds it, besides the default exchange, which feeds every queue by its name. */
  readonly bindings: ReadonlyArray<Binding>
  /** Where its dead letters come to: declared before it. */
  readonly deadLetters?: Queue | undefined
  /** What senders call it: one of many queues of this name, each declared by whoever consumes from it. */
  readonly alias?: string | undefined
}

/** A queue of each consumer's own: see `broadcast`. */
export interface Broadcast<out Name extends string = string> extends Queue {
  readonly alias: Name
}

/** All but its name. */
export type ExchangeOptions = { readonly [K in Exclude<keyof Exchange, "name">]?: Exchange[K] | undefined }

/** Direct and durable by default. */
export const exchange = (
  name: string,
  options: ExchangeOptions = {}
): Exchange => ({
  name,
  type: options.type ?? "direct",
  durable: options.durable ?? true,
  autoDelete: options.autoDelete ?? false,
  arguments: options.arguments ?? {}
})

/** The default exchange. */
export const defaultExchange: Exchange = exchange("")

/** Whether the broker made it, and nobody declares it. */
export const isBuiltin = (exchange: Exchange): boolean => exchange.name === "" || exchange.name.startsWith("amq.")

/** With an empty routing key by default. */
export const binding = (exchange: Exchange, routingKey = "", args: Arguments = {}): Binding => ({
  exchange,
  routingKey,
  arguments: args
})

/** What a queue may be besides durable. Of `arguments` and an option that says the same, the option counts. */
export interface QueueOptions {
  readonly exchange?: Exchange | undefined
  /** Of the binding to `exchange`. */
  readonly routingKey?: string | undefined
  readonly durable?: boolean | undefined
  /** Implies `autoDelete`. */
  readonly exclusive?: boolean | undefined
  readonly autoDelete?: boolean | undefined
  /** `x-expires`: how long the queue lives unused. */
  readonly expires?: Duration.Input | undefined
  /** `x-message-ttl`. */
  readonly messageTtl?: Duration.Input | undefined
  readonly maxLength?: number | undefined
  readonly maxLengthBytes?: number | undefined
  readonly maxPriority?: number | undefined
  /** `x-queue-type`. */
  readonly type?: "classic" | "quorum" | "stream" | undefined
  readonly deadLetterExchange?: string | undefined
  readonly deadLetterRoutingKey?: string | undefined
  /**
   * The queue for its dead letters (rejected, expired, beyond its length), by way
   * of its exchange and with its routing key; a name stands for a durable queue
   * on a direct exchange of that name. Both are declared with this queue.
   */
  readonly deadLetters?: string | Queue | undefined
  readonly arguments?: Arguments | undefined
  readonly bindingArguments?: Arguments | undefined
  /** More bindings, besides the one to `exchange`. */
  readonly bindings?: ReadonlyArray<Binding> | undefined
}

/** Durable by default, bound to `exchange` where one is given. */
export const queue = <const Name extends string>(name: Name, options: QueueOptions = {}): Queue<Name> => {
  const deadLetters = typeof options.deadLetters === "string" ? direct(options.deadLetters) : options.deadLetters
  const bindings = [
    ...(options.exchange === undefined || options.exchange.name === ""
      ? []
      : [binding(options.exchange, options.routingKey ?? "", options.bindingArguments ?? {})]),
    ...(options.bindings ?? [])
  ]
  const [first] = bindings
  return {
    name,
    durable: options.durable ?? true,
    exclusive: options.exclusive ?? false,
    autoDelete: options.autoDelete ?? options.exclusive ?? false,
    exchange: first?.exchange ?? defaultExchange,
    routingKey: first?.routingKey ?? name,
    arguments: queueArguments(options, deadLetters),
    bindings,
    ...(deadLetters === undefined ? {} : { deadLetters })
  }
}

/** A durable queue on a direct exchange of the same name, as Celery makes one for a name alone. */
export const direct = <const Name extends string>(name: Name, options: QueueOptions = {}): Queue<Name> =>
  queue(name, { exchange: exchange(name), routingKey: name, ...options })

/** What a broadcast may be besides. */
export interface BroadcastOptions extends Omit<QueueOptions, "exchange"> {
  /** Default: a fanout exchange of the name. */
  readonly exchange?: Exchange | undefined
  /** The name of the queue, where it is not to be made up: all that use it share what comes. */
  readonly queue?: string | undefined
}

/**
 * What is sent under this name comes to everybody: each consumer has a queue of
 * its own, whose name it makes up (`bcast.…`), and which goes with it. Kombu's
 * `Broadcast`.
 */
export const broadcast = <const Name extends string>(name: Name, options: BroadcastOptions = {}): Broadcast<Name> => ({
  ...queue(options.queue ?? "", {
    ...options,
    exchange: options.exchange ?? exchange(name, { type: "fanout" }),
    autoDelete: options.autoDelete ?? true
  }),
  alias: name
})

const queueArguments = (options: QueueOptions, deadLetters: Queue | undefined): Arguments => {
  const out: Record<string, unknown> = { ...options.arguments }
  const set = (key: string, value: unknown) => {
    if (value !== undefined) out[key] = value
  }
  const millis = (input: Duration.Input | undefined) => input === undefined ? undefined : Duration.toMillis(input)
  set("x-expires", millis(options.expires))
  set("x-message-ttl", millis(options.messageTtl))
  set("x-max-length", options.maxLength)
  set("x-max-length-bytes", options.maxLengthBytes)
  set("x-max-priority", options.maxPriority)
  set("x-queue-type", options.type)
  set("x-dead-letter-exchange", options.deadLetterExchange ?? deadLetters?.exchange.name)
  set("x-dead-letter-routing-key", options.deadLetterRoutingKey ?? deadLetters?.routingKey)
  return out
}
