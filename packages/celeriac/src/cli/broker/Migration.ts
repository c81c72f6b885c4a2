/**
 * Messages of one broker brought to another: each is published as it came, and
 * only when the other broker has confirmed it, it is acknowledged, if it is to
 * be. What is not stays where it was, and is a copy.
 */
import type { Delivery } from "@celeriac/messaging/Message"
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import * as Topology from "@celeriac/messaging/Topology"
import type { Channel, Transport } from "@celeriac/messaging/Transport"
import * as TaskMessage from "@celeriac/tasks/protocol/TaskMessage"
import * as TaskQueues from "@celeriac/tasks/Queues"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Result from "effect/Result"
import { because, type CliFailure } from "../output/CliFailure.ts"

export interface Options {
  /** Which queues, each with its name at the other broker. None: those that are configured, and the default one. */
  readonly queues: ReadonlyMap<string, string>
  /** Names of tasks. None: all messages. */
  readonly tasks: ReadonlySet<string>
  /** How many messages at most. */
  readonly limit: number | undefined
  /** How long to wait for another message, in milliseconds. */
  readonly timeout: number
  /** Wait without end. */
  readonly forever: boolean
  /** Take them away where they were. */
  readonly acknowledge: boolean
  /** Told of each that is there. */
  readonly onMigrated: (progress: Progress) => Effect.Effect<void>
}

export interface Progress {
  readonly count: number
  /** How many waited when it began. */
  readonly total: number
  readonly task: string
  readonly id: string
}

type Broker = Transport["Service"]

/** Gives how many there were. */
export const migrate = (
  source: Broker,
  destination: Broker,
  options: Options
): Effect.Effect<number, CliFailure | MessagingError> =>
  Effect.scoped(Effect.gen(function*() {
    const known = yield* TaskQueues.make
    const names = options.queues.size > 0
      ? Array.from(options.queues.keys())
      : [known.default, ...known.configured].map(({ name }) => name)
    const from = yield* opened(source)
    const to = yield* opened(destination)
    let total = 0
    for (const name of names) {
      total += yield* countOf(from, name, source.uri)
      const queue = known.get(name)
      if (queue !== undefined) yield* Topology.declareQueue(to, renamed(queue, options.queues))
    }
    const incoming = yield* Queue.unbounded<Delivery>()
    // Who acknowledges nothing, or not all, holds all of them.
    const prefetch = options.acknowledge && options.tasks.size === 0 ? most * 2 : 0
    yield* Effect.forEach(names, (name) =>
      from.consume(name, {
        prefetch,
        onDelivery: (delivery) => void Queue.offerUnsafe(incoming, delivery)
      }))
    const moving = move(incoming, to, total, options)
    return yield* Effect.raceFirst(moving, Effect.raceFirst(from.lost, to.lost))
  }))

const opened = (broker: Broker) =>
  Effect.flatMap(broker.connect({ name: "celeriac migrate" }), (connection) => connection.openChannel())

/** How many are on their way at once. */
const most = 100

const move = (
  incoming: Queue.Dequeue<Delivery>,
  to: Channel,
  total: number,
  { acknowledge, forever, limit = Infinity, onMigrated, queues, tasks, timeout }: Options
): Effect.Effect<number, MessagingError> =>
  Effect.gen(function*() {
    const next = Queue.takeBetween(incoming, 1, most)
    let count = 0
    while (count < limit) {
      const come = forever ? Option.some(yield* next) : yield* Effect.timeoutOption(next, timeout)
      if (Option.isNone(come)) break
      const wanted = come.value.map(asTask)
        .filter(({ task }) => tasks.size === 0 || tasks.has(task))
        .slice(0, limit - count)
      yield* Effect.forEach(wanted, ({ delivery }) => to.publish(messageOf(delivery), addressOf(delivery, queues)), {
        concurrency: "unbounded",
        discard: true
      })
      for (const { delivery, id, task } of wanted) {
        if (acknowledge) delivery.settle("ack")
        yield* onMigrated({ count: ++count, total, task, id })
      }
    }
    return count
  })

interface Task {
  readonly delivery: Delivery
  readonly task: string
  readonly id: string
}

const asTask = (delivery: Delivery): Task => {
  const { id, task } = delivery.headers
  if (typeof task === "string") return { delivery, task, id: String(id ?? "") }
  // The older protocol has both in its body.
  const read = Result.map(TaskMessage.read(delivery), ({ headers }) => headers)
  return Result.isSuccess(read)
    ? { delivery, task: read.success.task, id: read.success.id }
    : { delivery, task: "", id: "" }
}

/** As it came; whose it was, the other broker would not believe. */
const messageOf = ({ body, headers, properties: { userId: _, ...properties } }: Delivery) => ({
  body,
  headers,
  properties
})

const addressOf = ({ exchange, routingKey }: Delivery, queues: ReadonlyMap<string, string>) => ({
  exchange: queues.get(exchange) ?? exchange,
  routingKey: queues.get(routingKey) ?? routingKey
})

type Known = NonNullable<ReturnType<TaskQueues.Queues["get"]>>

/** With its exchange and routing keys, where they are called as it is. */
const renamed = (queue: Known, queues: ReadonlyMap<string, string>): Known => {
  const to = queues.get(queue.name) ?? queue.name
  const other = (name: string) => name === queue.name ? to : name
  return {
    ...queue,
    name: to,
    bindings: queue.bindings.map((binding) => ({
      ...binding,
      exchange: { ...binding.exchange, name: other(binding.exchange.name) },
      routingKey: other(binding.routingKey)
    }))
  }
}

const countOf = (from: Channel, name: string, uri: string): Effect.Effect<number, CliFailure | MessagingError> =>
  Effect.map(from.queueState(name), ({ messageCount }) => messageCount).pipe(
    Effect.mapError((error) =>
      error.reason._tag === "NotFound" ? because(`migrate: there is no queue '${name}' on ${uri}`) : error
    )
  )
