/**
 * The transport to a broker inside the process.
 *
 * `layer` brings a broker of its own. To let several workers and clients share
 * one, provide `layerShared` with `MemoryBroker.layer`, or make the broker
 * yourself and pass it to `layerWith`.
 *
 * ```ts
 * const program = Effect.gen(function*() {
 *   const broker = yield* MemoryTransport.makeBroker()
 *   const worker = runWorker.pipe(Effect.provide(MemoryTransport.layerWith(broker)))
 *   const client = runClient.pipe(Effect.provide(MemoryTransport.layerWith(broker)))
 *   yield* Effect.all([worker, client], { concurrency: 2 })
 * })
 * ```
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Transport } from "../Transport.ts"
import { make, MemoryBroker } from "./MemoryBroker.ts"

/** A broker with nothing in it: see `MemoryBroker.make`. */
export const makeBroker = make

/** The transport to this broker. */
export const layerWith = (broker: MemoryBroker["Service"]): Layer.Layer<Transport> =>
  Layer.succeed(Transport, {
    driver: "memory",
    uri: broker.uri,
    exchangeTypes: new Set(["direct", "topic", "fanout", "headers"] as const),
    connect: broker.connect
  })

/** The transport to the broker at hand. */
export const layerShared: Layer.Layer<Transport, never, MemoryBroker> = Layer.unwrap(
  Effect.map(MemoryBroker, layerWith)
)

/** A transport with a broker of its own, which is there to be looked at. */
export const layer: Layer.Layer<Transport | MemoryBroker> = Layer.provideMerge(layerShared, MemoryBroker.layer)
