/**
 * An AMQP broker inside the process, with the semantics of RabbitMQ.
 *
 * For tests, examples and programs that need no other. All who share one
 * `MemoryBroker` share its queues: several workers and clients in one process
 * talk through it. It lives as long as the scope it was made in, tells time by
 * Effect's `Clock`, and hands deliveries over in the very turn of the publish
 * that caused them.
 *
 * A message is copied as it is published, into what AMQP would make of it: what
 * has no form there is refused here too.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Arguments, Exchange, Queue } from "../Entity.ts"
import { because, type MessagingError } from "../MessagingError.ts"
import type { Connection, ConnectOptions } from "../Transport.ts"
import * as MemoryChannel from "./internal/MemoryChannel.ts"
import * as FaultHandle from "./internal/MemoryFaultHandle.ts"
import { FaultState } from "./internal/MemoryFaultState.ts"
import { MemoryHost } from "./internal/MemoryHost.ts"
import { MemoryLink } from "./internal/MemoryLink.ts"
import { MemoryQueue } from "./internal/MemoryQueue.ts"
import { Timers } from "./internal/MemoryTimers.ts"
import type { ChannelInfo, ConnectionInfo, Faults } from "./MemoryFaults.ts"

/** A queue, as a test looks at it. */
export interface QueueInfo {
  readonly name: string
  readonly declaration: Queue
  /** Waiting to be delivered. */
  readonly ready: number
  /** Delivered, and not settled. */
  readonly unacked: number
  readonly consumers: ReadonlyArray<{
    readonly tag: string
    /** 0 is unlimited. */
    readonly prefetch: number
    readonly outstanding: number
  }>
}

/** A binding, as a test looks at it. */
export interface BindingInfo {
  readonly source: string
  readonly destination: string
  readonly destinationType: "queue" | "exchange"
  readonly routingKey: string
  readonly arguments: Arguments
}

/** A broker in this process, looked at from above. */
export class MemoryBroker extends Context.Service<MemoryBroker, {
  readonly uri: string
  readonly connect: (options?: ConnectOptions) => Effect.Effect<Connection, MessagingError, Scope.Scope>
  readonly faults: Faults
  readonly queues: () => ReadonlyArray<QueueInfo>
  readonly queue: (name: string) => QueueInfo | undefined
  /** Those of the broker itself included. */
  readonly exchanges: () => ReadonlyArray<Exchange>
  readonly bindings: () => ReadonlyArray<BindingInfo>
  readonly connections: () => ReadonlyArray<ConnectionInfo>
  readonly channels: () => ReadonlyArray<ChannelInfo>
  /** What it is waiting for on the clock: 0 when idle. */
  readonly timers: () => number
}>()("@celeriac/messaging/transports/MemoryBroker") {}

/** What a broker is called. */
export interface BrokerOptions {
  /** Part of its URI, `memory://<name>`. Default `local`. */
  readonly name?: string | undefined
}

/** A broker with nothing in it. */
export const make: (options?: BrokerOptions) => Effect.Effect<MemoryBroker["Service"], never, Scope.Scope> = Effect
  .fnUntraced(function*(options) {
    const context = yield* Effect.context<never>()
    const timers = new Timers(yield* Clock.Clock, Effect.runForkWith(context))
    yield* Effect.addFinalizer(() => Effect.sync(() => timers.stop()))
    const host = new MemoryHost(`memory://${options?.name ?? "local"}`, timers)
    const faults = new FaultState()
    const links = new Set<MemoryLink>()
    let lastLink = 0

    const open = (name: string): Effect.Effect<MemoryLink, MessagingError> =>
      Effect.suspend(() => {
        const refusal = faults.refuse(host.uri)
        if (refusal !== undefined) return Effect.fail(because("connect", refusal))
        return Effect.succeed(new MemoryLink(host, faults, links, { id: ++lastLink, name }))
      })

    return {
      uri: host.uri,
      connect: (options) =>
        Effect.map(
          Effect.acquireRelease(open(options?.name ?? ""), (link) =>
            Effect.sync(() => {
              link.close()
              host.turn.run()
            })),
          MemoryChannel.connection
        ),
      faults: FaultHandle.make(host, faults, links),
      queues: () => [...host.queues.values()].map(infoOf),
      queue: (name) => {
        const queue = host.queues.get(name)
        return queue === undefined ? undefined : infoOf(queue)
      },
      exchanges: () => [...host.exchanges.values()].map((exchange) => exchange.declaration),
      bindings: () =>
        [...host.exchanges.values()].flatMap((exchange) =>
          exchange.bindings.map((binding) => ({
            source: exchange.name,
            destination: binding.destination.name,
            destinationType: binding.destination instanceof MemoryQueue ? "queue" as const : "exchange" as const,
            routingKey: binding.routingKey,
            arguments: binding.arguments
          }))
        ),
      connections: () => [...links].map((link) => link.info),
      channels: () => [...links].flatMap((link) => [...link.sessions].map(FaultHandle.describe)),
      timers: () => timers.size
    }
  })

const infoOf = (queue: MemoryQueue): QueueInfo => ({
  name: queue.name,
  declaration: queue.declaration,
  ready: queue.ready.length,
  unacked: queue.unacked,
  consumers: queue.consumers.map(({ outstanding, prefetch, tag }) => ({ tag, prefetch, outstanding }))
})
