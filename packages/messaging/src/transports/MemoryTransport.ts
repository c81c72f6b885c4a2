/**
 * The transport to a broker inside the process.
 *
 * Each `layer()` brings a broker of its own, which is there to be looked at. To
 * let several workers and clients share one, make the broker yourself and give
 * it to each of them.
 *
 * ```ts
 * const program = Effect.gen(function*() {
 *   const broker = yield* MemoryTransport.makeBroker()
 *   const worker = runWorker.pipe(Effect.provide(MemoryTransport.layer({ broker })))
 *   const client = runClient.pipe(Effect.provide(MemoryTransport.layer({ broker })))
 *   yield* Effect.all([worker, client], { concurrency: 2 })
 * })
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Transport } from "../Transport.ts"
import { make, MemoryBroker } from "./MemoryBroker.ts"

/** A broker with nothing in it: see `MemoryBroker.make`. */
export const makeBroker = make

export interface Options {
  /** The broker to connect to. Default: one of its own, with nothing in it. */
  readonly broker?: MemoryBroker["Service"] | undefined
}

/** A transport, and the broker that it leads to. */
export const layer = ({ broker }: Options = {}): Layer.Layer<Transport | MemoryBroker> =>
  Layer.effectContext(Effect.map(broker === undefined ? makeBroker() : Effect.succeed(broker), contextOf))

const contextOf = (broker: MemoryBroker["Service"]): Context.Context<Transport | MemoryBroker> =>
  Context.add(
    Context.make(MemoryBroker, broker),
    Transport,
    {
      driver: "memory",
      uri: broker.uri,
      exchangeTypes: new Set(["direct", "topic", "fanout", "headers"] as const),
      connect: broker.connect
    }
  )
