/** Words that all workers of this process see: what a `ResultWriter` has of marks. */
import { BoundedMap } from "@celeriac/messaging/BoundedMap"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Marks } from "../result/ResultWriter.ts"

/** As many messages as a worker knows again. */
const most = 100_000

interface Mark {
  readonly word: string
  /** Milliseconds since the epoch. */
  readonly until: number
}

export const make = (clock: Pick<Clock.Clock, "currentTimeMillisUnsafe">): Marks => {
  const marks = new BoundedMap<string, Mark>(most)
  const wordOf = (name: string): string => {
    const mark = marks.get(name)
    return mark !== undefined && mark.until > clock.currentTimeMillisUnsafe() ? mark.word : ""
  }
  return {
    exchange: (name, was, becomes, lifetime) =>
      Effect.sync(() => {
        const there = wordOf(name)
        if (there !== was && there !== becomes) return there
        if (becomes === "") marks.delete(name)
        else marks.set(name, { word: becomes, until: clock.currentTimeMillisUnsafe() + lifetime })
        return undefined
      }),
    read: (name) => Effect.sync(() => wordOf(name))
  }
}
