/**
 * The handlers that every worker has, by subject.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as EventHandlers from "./EventHandlers.ts"
import * as PoolHandlers from "./PoolHandlers.ts"
import * as QueueHandlers from "./QueueHandlers.ts"
import * as RateHandlers from "./RateHandlers.ts"
import * as RevokeHandlers from "./RevokeHandlers.ts"
import * as SettingHandlers from "./SettingHandlers.ts"
import * as TaskHandlers from "./TaskHandlers.ts"
import * as WorkerHandlers from "./WorkerHandlers.ts"

/** What lives with the connection, as far as handlers are concerned. */
interface Surroundings extends RateHandlers.Rates {
  /** Whether a queue is consumed now. */
  readonly consumingFrom: (queue: string) => boolean
}

export const make = ({ consumingFrom, ...rates }: Surroundings) =>
  Effect.map(
    Effect.all([
      WorkerHandlers.make,
      SettingHandlers.make,
      TaskHandlers.make(rates.rateLimitOf),
      RateHandlers.make(rates),
      RevokeHandlers.make,
      QueueHandlers.make(consumingFrom),
      PoolHandlers.make,
      EventHandlers.make
    ]),
    (handlers) => handlers.flat()
  )
