/**
 * A store that is forgotten with the process: each start begins anew, as if every
 * entry had just been added.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Kept } from "../internal/Kept.ts"
import { ScheduleStore } from "../ScheduleStore.ts"

export const make: Effect.Effect<ScheduleStore["Service"]> = Effect.sync(() => {
  const kept = new Kept()
  return ScheduleStore.of({
    describe: "memory",
    read: Effect.sync(() => kept.snapshot()),
    advance: (progress) => Effect.sync(() => void kept.advance(progress)),
    forget: (entries) => Effect.sync(() => entries.forEach((entry) => kept.progress.delete(entry))),
    change: (entry, update) => Effect.sync(() => kept.change(entry, update(kept.changes.get(entry)))),
    changed: (revision) => kept.changed(revision)
  })
})

export const layer: Layer.Layer<ScheduleStore> = Layer.effect(ScheduleStore, make)
