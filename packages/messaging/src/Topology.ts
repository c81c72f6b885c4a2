/**
 * Making declarations true at the broker.
 *
 * A plan is the list of steps that a set of queues needs, as values: print it,
 * compare it, or apply it. Its order is Kombu's: the exchanges of a queue, the
 * queue, its bindings. Applying a plan again changes nothing.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { type Binding, type Exchange, isBuiltin, type Queue } from "./Entity.ts"
import type { MessagingError } from "./MessagingError.ts"
import type { Channel, QueueState } from "./Transport.ts"

/** One declaration. */
export type Step =
  | { readonly _tag: "Exchange"; readonly exchange: Exchange }
  | { readonly _tag: "Queue"; readonly queue: Queue }
  | { readonly _tag: "Binding"; readonly queue: Queue; readonly binding: Binding }

/** Declarations in the order in which they can be made. */
export type Plan = ReadonlyArray<Step>

/**
 * What will be declared for these queues. An exchange that several of them use
 * is declared once; two exchanges of one name that differ are both declared, and
 * the broker refuses the second. The broker's own exchanges are bound to but
 * never declared, and nothing is bound to the default exchange.
 */
export const plan = (queues: ReadonlyArray<Queue>): Plan => {
  const steps: Array<Step> = []
  const seen = new Set<string>()
  for (const queue of queues) {
    for (const { exchange } of queue.bindings) {
      const identity = identify(exchange)
      if (isBuiltin(exchange) || seen.has(identity)) continue
      seen.add(identity)
      steps.push({ _tag: "Exchange", exchange })
    }
    steps.push({ _tag: "Queue", queue })
    for (const binding of queue.bindings) {
      if (binding.exchange.name !== "") steps.push({ _tag: "Binding", queue, binding })
    }
  }
  return steps
}

/** Applies a plan, in order; the states of its queues, in order. A queue without a name is bound under the name it is given. */
export const apply: (
  channel: Channel,
  plan: Plan
) => Effect.Effect<ReadonlyArray<QueueState>, MessagingError> = Effect.fnUntraced(function*(channel, plan) {
  const states: Array<QueueState> = []
  const names = new Map<Queue, string>()
  for (const step of plan) {
    switch (step._tag) {
      case "Exchange": {
        yield* channel.declareExchange(step.exchange)
        break
      }
      case "Queue": {
        const state = yield* channel.declareQueue(step.queue)
        names.set(step.queue, state.name)
        states.push(state)
        break
      }
      case "Binding": {
        const { arguments: args, exchange, routingKey } = step.binding
        yield* channel.bindQueue(names.get(step.queue) ?? step.queue.name, exchange.name, routingKey, args)
        break
      }
    }
  }
  return states
})

/** Declares a queue's exchanges, the queue, and its bindings. Its state as it was declared, with its name if the broker chose one. */
export const declareQueue = (channel: Channel, queue: Queue): Effect.Effect<QueueState, MessagingError> =>
  Effect.map(apply(channel, plan([queue])), (states) => states[0]!)

/** Declares an exchange, unless it is the broker's own. */
export const declareExchange = (channel: Channel, exchange: Exchange): Effect.Effect<void, MessagingError> =>
  isBuiltin(exchange) ? Effect.void : channel.declareExchange(exchange)

/** A plan, a line a step, as an operator reads it. */
export const render = (plan: Plan): string =>
  plan.map((step) => {
    switch (step._tag) {
      case "Exchange":
        return `exchange ${step.exchange.name} (${flags(step.exchange.type, step.exchange)})`
      case "Queue":
        return `queue ${step.queue.name || "<named by the broker>"} (${
          flags("", { ...step.queue, exclusive: step.queue.exclusive })
        })`
      case "Binding":
        return `bind ${
          step.queue.name || "<named by the broker>"
        } <- ${step.binding.exchange.name} '${step.binding.routingKey}'${args(step.binding.arguments)}`
    }
  }).join("\n")

const flags = (
  type: string,
  entity: {
    readonly durable: boolean
    readonly autoDelete: boolean
    readonly exclusive?: boolean | undefined
    readonly arguments: Readonly<Record<string, unknown>>
  }
): string =>
  [
    type,
    entity.durable ? "durable" : "transient",
    entity.exclusive === true ? "exclusive" : "",
    entity.autoDelete ? "auto-delete" : ""
  ].filter((word) => word !== "").join(", ") + args(entity.arguments)

const args = (args: Readonly<Record<string, unknown>>): string =>
  Object.keys(args).length === 0 ? "" : ` ${JSON.stringify(args)}`

/** Two declarations are the same when everything but the order of their arguments is. */
const identify = (exchange: Exchange): string =>
  JSON.stringify([
    exchange.name,
    exchange.type,
    exchange.durable,
    exchange.autoDelete,
    Object.keys(exchange.arguments).sort().map((key) => [key, exchange.arguments[key]])
  ])
