/**
 * An exchange of the in-memory broker, and its bindings.
 *
 * @since 0.1.0
 */
import type { Arguments, Exchange } from "../../Entity.ts"
import type { Headers } from "../../Message.ts"
import type { MemoryQueue } from "./MemoryQueue.ts"
import * as Routing from "./MemoryRouting.ts"

export type Destination = MemoryQueue | MemoryExchange

interface MemoryBinding {
  readonly source: MemoryExchange
  readonly destination: Destination
  readonly routingKey: string
  readonly arguments: Arguments
}

export class MemoryExchange {
  readonly declaration: Exchange
  readonly alternate: string | undefined
  private readonly byDestination = new Map<Destination, Array<MemoryBinding>>()
  /** The last routing that passed through it. */
  seen = 0
  private readonly router: Routing.Router<Destination>

  constructor(declaration: Exchange) {
    this.declaration = declaration
    this.router = Routing.make(declaration.type)
    const alternate = declaration.arguments["alternate-exchange"]
    this.alternate = typeof alternate === "string" ? alternate : undefined
  }

  get name(): string {
    return this.declaration.name
  }

  get isUnbound(): boolean {
    return this.byDestination.size === 0
  }

  get bindings(): ReadonlyArray<MemoryBinding> {
    return [...this.byDestination.values()].flat()
  }

  /** Nothing happens when there is one already. */
  bind(destination: Destination, routingKey: string, args: Arguments): void {
    let bindings = this.byDestination.get(destination)
    if (bindings === undefined) this.byDestination.set(destination, bindings = [])
    if (bindings.some((binding) => isBinding(binding, routingKey, args))) return
    bindings.push({ source: this, destination, routingKey, arguments: args })
    this.router.add(destination, routingKey, args)
  }

  /** Whether there was such a binding. */
  unbind(destination: Destination, routingKey: string, args: Arguments): boolean {
    const bindings = this.byDestination.get(destination)
    const index = bindings?.findIndex((binding) => isBinding(binding, routingKey, args)) ?? -1
    if (bindings === undefined || index === -1) return false
    bindings.splice(index, 1)
    if (bindings.length === 0) this.byDestination.delete(destination)
    this.router.remove(destination, routingKey, args)
    return true
  }

  /** Whether there was any. */
  unbindAll(destination: Destination): boolean {
    const bindings = this.byDestination.get(destination)
    if (bindings === undefined) return false
    for (const { arguments: args, routingKey } of bindings) this.router.remove(destination, routingKey, args)
    return this.byDestination.delete(destination)
  }

  route(routingKey: string, headers: Headers, visit: (destination: Destination) => void): void {
    this.router.route(routingKey, headers, visit)
  }
}

const isBinding = (binding: MemoryBinding, routingKey: string, args: Arguments): boolean =>
  binding.routingKey === routingKey && Routing.isSame(binding.arguments, args)

/** What every broker has from the start. */
export const builtin: ReadonlyArray<Exchange> = ([
  ["amq.direct", "direct"],
  ["amq.topic", "topic"],
  ["amq.fanout", "fanout"],
  ["amq.headers", "headers"],
  ["amq.match", "headers"]
] as const).map(([name, type]) => ({ name, type, durable: true, autoDelete: false, arguments: {} }))
