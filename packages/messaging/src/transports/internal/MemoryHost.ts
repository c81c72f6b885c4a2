/**
 * The entities of the in-memory broker and the way of a message through them.
 *
 * All of it is synchronous. An operation that the broker refuses throws a
 * `Refusal`; who called it closes the channel.
 *
 * @since 0.1.0
 */
import { type Arguments, type Exchange, isBuiltin, type Queue } from "../../Entity.ts"
import type { Address, Message } from "../../Message.ts"
import { bury, type DeathReason, isCycle } from "./MemoryDeadLetter.ts"
import { builtin, type Destination, MemoryExchange } from "./MemoryExchange.ts"
import { MemoryQueue, type QueueOwner } from "./MemoryQueue.ts"
import { asCompared, comparedArguments } from "./MemoryQueueArguments.ts"
import type { Entry } from "./MemoryReady.ts"
import { accessRefused, locked, messageRefused, notFound, requireMatch, requireSame } from "./MemoryRefusal.ts"
import type { Timers } from "./MemoryTimers.ts"
import { Turn } from "./MemoryTurn.ts"

export class MemoryHost implements QueueOwner {
  readonly uri: string
  readonly timers: Timers
  readonly turn = new Turn()
  readonly queues = new Map<string, MemoryQueue>()
  readonly exchanges = new Map<string, MemoryExchange>()
  private routing = 0
  private named = 0

  constructor(uri: string, timers: Timers) {
    this.uri = uri
    this.timers = timers
    for (const exchange of builtin) this.exchanges.set(exchange.name, new MemoryExchange(exchange))
  }

  // Declarations

  /** The broker's own are never declared, here or elsewhere. */
  declareExchange(exchange: Exchange): void {
    if (isBuiltin(exchange)) return
    const current = this.exchanges.get(exchange.name)?.declaration
    if (current === undefined) {
      this.exchanges.set(exchange.name, new MemoryExchange(exchange))
      return
    }
    const entity = `exchange '${exchange.name}'`
    requireSame(entity, { ...exchange }, { ...current }, ["type", "durable", "autoDelete"])
    requireSame(entity, exchange.arguments, current.arguments, ["alternate-exchange"])
  }

  /** `connection` is who asks, and will own the queue if it is exclusive. */
  declareQueue(queue: Queue, connection: object): MemoryQueue {
    const current = this.queues.get(queue.name)
    if (queue.name === "" || current === undefined) {
      this.refuseReserved("queue", queue.name)
      const name = queue.name === "" ? `amq.gen-${++this.named}` : queue.name
      const made = new MemoryQueue({ ...queue, name }, queue.exclusive ? connection : undefined, this)
      this.queues.set(name, made)
      return made
    }
    this.refuseLocked(current, connection)
    const entity = `queue '${queue.name}'`
    requireSame(entity, { ...queue }, { ...current.declaration }, ["durable", "exclusive", "autoDelete"])
    requireSame(entity, asCompared(queue), asCompared(current.declaration), comparedArguments)
    current.touch()
    return current
  }

  queue(name: string, connection: object): MemoryQueue {
    const queue = this.queues.get(name)
    if (queue === undefined) throw notFound("queue", name)
    this.refuseLocked(queue, connection)
    return queue
  }

  bind(destination: Destination, source: string, routingKey: string, args: Arguments): void {
    this.refuseDefault(source)
    const exchange = this.exchange(source)
    if (exchange.declaration.type === "headers") requireMatch(args["x-match"])
    exchange.bind(destination, routingKey, args)
  }

  bindExchange(destination: string, source: string, routingKey: string, args: Arguments): void {
    this.refuseDefault(destination)
    this.refuseDefault(source)
    this.bind(this.exchange(destination), source, routingKey, args)
  }

  /** Nothing happens when there is no such binding. */
  unbind(destination: Destination, source: string, routingKey: string, args: Arguments): void {
    const exchange = this.exchanges.get(source)
    if (exchange?.unbind(destination, routingKey, args) === true) this.collect(exchange)
  }

  exchange(name: string): MemoryExchange {
    const exchange = this.exchanges.get(name)
    if (exchange === undefined) throw notFound("exchange", name)
    return exchange
  }

  deleteExchange(name: string): void {
    this.refuseReserved("exchange", name)
    const exchange = this.exchanges.get(name)
    if (exchange === undefined) return
    this.exchanges.delete(name)
    this.unbindEverywhere(exchange)
  }

  /** How many messages went with it. */
  readonly remove = (queue: MemoryQueue): number => {
    if (queue.isDeleted) return 0
    this.queues.delete(queue.name)
    this.unbindEverywhere(queue)
    return queue.close()
  }

  // Messages

  /**
   * The queues that a message reaches, each once; undefined when the exchange
   * does not exist.
   */
  route(message: Message, exchange: string, routingKey: string): ReadonlyArray<MemoryQueue> | undefined {
    if (exchange === "") {
      const queue = this.queues.get(routingKey)
      return queue === undefined ? [] : [queue]
    }
    const source = this.exchanges.get(exchange)
    if (source === undefined) return undefined
    const routing = ++this.routing
    const queues: Array<MemoryQueue> = []
    const exchanges: Array<MemoryExchange> = [source]
    let matched = false
    const pass = (next: MemoryExchange) => {
      if (next.seen === routing) return
      next.seen = routing
      exchanges.push(next)
    }
    const visit = (destination: Destination) => {
      matched = true
      if (destination instanceof MemoryExchange) pass(destination)
      else if (destination.seen !== routing) {
        destination.seen = routing
        queues.push(destination)
      }
    }
    source.seen = routing
    for (let index = 0; index < exchanges.length; index++) {
      const current = exchanges[index]!
      matched = false
      current.route(routingKey, message.headers, visit)
      const alternate = matched || current.alternate === undefined
        ? undefined
        : this.alternate(current.alternate, routingKey)
      if (alternate instanceof MemoryExchange) pass(alternate)
      else if (alternate !== undefined) visit(alternate)
    }
    return queues
  }

  readonly deadLetter = (queue: MemoryQueue, entry: Entry, reason: DeathReason): void => {
    const { deadLetterExchange, deadLetterRoutingKey } = queue.limits
    if (deadLetterExchange === undefined) return
    const letter = bury(entry.message, {
      reason,
      queue: queue.name,
      exchange: entry.exchange,
      routingKey: entry.routingKey,
      time: Math.floor(this.timers.now() / 1000)
    })
    const routingKey = deadLetterRoutingKey ?? entry.routingKey
    for (const next of this.route(letter, deadLetterExchange, routingKey) ?? []) {
      if (reason !== "rejected" && isCycle(letter, next.name)) continue
      next.publish(letter, deadLetterExchange, routingKey)
    }
  }

  readonly mark = (queue: MemoryQueue): void => this.turn.mark(queue)

  readonly run = (): void => this.turn.run()

  /** As after a restart of the broker: only what is durable is left. */
  restart(): void {
    for (const queue of [...this.queues.values()]) {
      if (queue.declaration.durable) queue.forgetTransient()
      else this.remove(queue)
    }
    for (const exchange of [...this.exchanges.values()]) {
      if (!exchange.declaration.durable) this.deleteExchange(exchange.name)
    }
  }

  // Helpers

  /** The default exchange may be the alternate of another. */
  private alternate(name: string, routingKey: string): Destination | undefined {
    return name === "" ? this.queues.get(routingKey) : this.exchanges.get(name)
  }

  private unbindEverywhere(destination: Destination): void {
    for (const exchange of this.exchanges.values()) {
      if (exchange.unbindAll(destination)) this.collect(exchange)
    }
  }

  /** An auto-delete exchange goes with its last binding. */
  private collect(exchange: MemoryExchange): void {
    if (exchange.declaration.autoDelete && exchange.isUnbound) this.deleteExchange(exchange.name)
  }

  private refuseDefault(exchange: string): void {
    if (exchange === "") throw accessRefused(this.uri, "operation not permitted on the default exchange")
  }

  private refuseReserved(kind: "queue" | "exchange", name: string): void {
    if (kind === "exchange") this.refuseDefault(name)
    if (!name.startsWith("amq.")) return
    throw accessRefused(this.uri, `${kind} name '${name}' contains reserved prefix 'amq.*'`)
  }

  private refuseLocked(queue: MemoryQueue, connection: object): void {
    if (queue.owner !== undefined && queue.owner !== connection) throw locked(queue.name)
  }
}

/** The expiration of a message must be a whole number of milliseconds, as text. */
export const requireExpiration = (message: Message, to: Address): void => {
  const { expiration } = message.properties
  if (expiration !== undefined && !/^\d{1,15}$/.test(expiration)) {
    throw messageRefused(to, `invalid expiration '${expiration.slice(0, 40)}'`)
  }
}
