/**
 * The handlers that every worker has, by subject.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as ClusterHandlers from "./ClusterHandlers.ts"
import * as WorkerHandlers from "./WorkerHandlers.ts"

export const make = Effect.map(Effect.all([WorkerHandlers.make, ClusterHandlers.make]), (handlers) => handlers.flat())
