/** Which tasks are not to run, kept in this process: what a `ResultWriter` has of revokes. */
import { BoundedMap } from "@celeriac/messaging/BoundedMap"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** As many as a worker remembers. */
const most = 50_000

/** `lifetime` is in milliseconds. */
export const make = (clock: Pick<Clock.Clock, "currentTimeMillisUnsafe">, lifetime: number) => {
  const times = new BoundedMap<string, number>(most)
  return {
    noteRevoked: (ids: ReadonlyArray<string>) =>
      Effect.sync(() => {
        for (const id of ids) times.set(id, clock.currentTimeMillisUnsafe())
      }),
    revoked: Effect.sync(() => {
      const since = clock.currentTimeMillisUnsafe() - lifetime
      return Array.from(times.entries()).flatMap(([id, at]) => at > since ? [id] : [])
    })
  }
}
