/** Runs an effect on the broker of an application; it is connected to at the first use. */
import type * as Effect from "effect/Effect"
import type { Broker } from "../Broker.ts"

export type Run = <A, E>(effect: Effect.Effect<A, E, Broker>, signal?: AbortSignal) => Promise<A>
