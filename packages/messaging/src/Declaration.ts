/**
 * Declarations in the order in which they can be made, as values: what a set of
 * queues needs, one after the other.
 *
 * The order is Kombu's: the exchanges of a queue, the queue, its bindings; the
 * queue of its dead letters is declared before it. Making them again changes
 * nothing.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { type Binding, type Exchange, isBuiltin, type Queue } from "./Entity.ts"
import type { MessagingError } from "./MessagingError.ts"
import type { Channel, QueueState } from "./Transport.ts"

/** An exchange that gets what another has, when the routing key matches. */
export interface ExchangeBinding {
  readonly source: Exchange
  readonly destination: Exchange
  readonly routingKey: string
}

/** One declaration. */
export type Declaration =
  | { readonly _tag: "Exchange"; readonly exchange: Exchange }
  | { readonly _tag: "Queue"; readonly queue: Queue }
  | { readonly _tag: "Binding"; readonly queue: Queue; readonly binding: Binding }
  | { readonly _tag: "ExchangeBinding"; readonly binding: ExchangeBinding }

/** What is to be declared. */
export interface Declared {
  /** With their exchanges, their bindings, and the queues of their dead letters. */
  readonly queues: ReadonlyArray<Queue>
  /** Besides those of the queues. */
  readonly exchanges: ReadonlyArray<Exchange>
  /** Between exchanges. */
  readonly bindings: ReadonlyArray<ExchangeBinding>
}

/**
 * In their order. An exchange that several queues use is declared once, and so
 * is a queue that several send their dead letters to; two of one name that
 * differ are both declared, and the broker refuses the second. The broker's own
 * exchanges are bound to but never declared, and nothing is bound to the default
 * exchange.
 */
export const of = ({ bindings, exchanges, queues }: Declared): ReadonlyArray<Declaration> => {
  const all: Array<Declaration> = []
  const seen = new Set<string>()
  const isNew = (entity: Exchange | Queue): boolean => {
    const identity = identify(entity)
    return !seen.has(identity) && seen.add(identity) !== undefined
  }
  const addExchange = (exchange: Exchange): void => {
    if (!isBuiltin(exchange) && isNew(exchange)) all.push({ _tag: "Exchange", exchange })
  }
  const addQueue = (queue: Queue): void => {
    // Those that the broker names are as many as there are.
    if (queue.name !== "" && !isNew(queue)) return
    if (queue.deadLetters !== undefined) addQueue(queue.deadLetters)
    for (const { exchange } of queue.bindings) addExchange(exchange)
    all.push({ _tag: "Queue", queue })
    for (const binding of queue.bindings) {
      if (binding.exchange.name !== "") all.push({ _tag: "Binding", queue, binding })
    }
  }
  for (const queue of queues) addQueue(queue)
  for (const exchange of exchanges) addExchange(exchange)
  for (const binding of bindings) all.push({ _tag: "ExchangeBinding", binding })
  return all
}

/** Makes them, in order. The states of the queues, in order. A queue without a name is bound under the name it is given. */
export const declare: (
  channel: Channel,
  declarations: ReadonlyArray<Declaration>
) => Effect.Effect<ReadonlyArray<QueueState>, MessagingError> = Effect.fnUntraced(function*(channel, declarations) {
  const states: Array<QueueState> = []
  const names = new Map<Queue, string>()
  for (const declaration of declarations) {
    switch (declaration._tag) {
      case "Exchange": {
        yield* channel.declareExchange(declaration.exchange)
        break
      }
      case "Queue": {
        const state = yield* channel.declareQueue(declaration.queue)
        names.set(declaration.queue, state.name)
        states.push(state)
        break
      }
      case "Binding": {
        const { binding: { arguments: args, exchange, routingKey }, queue } = declaration
        yield* channel.bindQueue(names.get(queue) ?? queue.name, exchange.name, routingKey, args)
        break
      }
      case "ExchangeBinding": {
        const { destination, routingKey, source } = declaration.binding
        yield* channel.bindExchange(destination.name, source.name, routingKey)
        break
      }
    }
  }
  return states
})

/** Declares a queue with all that it needs. Its state as it was declared, with its name if the broker chose one. */
export const declareQueue = (channel: Channel, queue: Queue): Effect.Effect<QueueState, MessagingError> =>
  // Its dead letters' queue comes before it.
  Effect.map(declare(channel, of({ queues: [queue], exchanges: [], bindings: [] })), (states) => states.at(-1)!)

/** Declares an exchange, unless it is the broker's own. */
export const declareExchange = (channel: Channel, exchange: Exchange): Effect.Effect<void, MessagingError> =>
  isBuiltin(exchange) ? Effect.void : channel.declareExchange(exchange)

/** Two are the same when everything but the order of their arguments is. */
const identify = (entity: Exchange | Queue): string => {
  const { arguments: args, ...rest } = entity
  return JSON.stringify([
    "bindings" in entity ? "queue" : "exchange",
    rest,
    Object.keys(args).sort().map((key) => [key, args[key]])
  ])
}
