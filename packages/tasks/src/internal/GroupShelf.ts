/**
 * Groups kept in this process for a while: what `MemoryBackend` saves.
 */
import { BoundedMap } from "@celeriac/messaging/BoundedMap"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Groups } from "../result/GroupRecord.ts"
import type { ResultTuple } from "../result/ResultTuple.ts"

/** Each for `lifetime`, in milliseconds. */
export const make = (clock: Clock.Clock, lifetime: number): Groups => {
  /** The oldest expires first: all live equally long. */
  const groups = new BoundedMap<string, { readonly group: ResultTuple; readonly until: number }>(Infinity)
  const dropExpired = (now: number): void => {
    for (let oldest = groups.oldest(); oldest !== undefined && oldest[1].until <= now; oldest = groups.oldest()) {
      groups.deleteOldest()
    }
  }
  return {
    saveGroup: (group) =>
      Effect.sync(() => {
        const now = clock.currentTimeMillisUnsafe()
        dropExpired(now)
        groups.set(group.id, { group, until: now + lifetime })
      }),
    restoreGroup: (id) =>
      Effect.sync(() => {
        dropExpired(clock.currentTimeMillisUnsafe())
        return groups.get(id)?.group
      }),
    deleteGroup: (id) => Effect.sync(() => void groups.delete(id))
  }
}
