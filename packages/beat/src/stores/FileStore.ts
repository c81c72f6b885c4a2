/**
 * A store in a file, of one scheduler: Celery's `celerybeat-schedule`.
 *
 * It is kept as the state of a worker is (`@celeriac/worker/state/StateStore`): what
 * was kept when a call has succeeded is there after the process was killed at any
 * moment, and what was cut short is not. A file that is damaged is set aside under
 * another name, and what can be read of it goes on; an entry's part that cannot be
 * read is set aside in the file. Two processes do not share one:
 * the second is told so.
 *
 * @since 0.1.0
 */
import { StateStoreError } from "@celeriac/worker/state/StateStore"
import * as StateFile from "@celeriac/worker/state/stores/StateFile"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { BeatError, StoreFailed } from "../BeatError.ts"
import { parse } from "../internal/Json.ts"
import { Kept } from "../internal/Kept.ts"
import * as Rows from "../internal/Rows.ts"
import { type Progress, ScheduleStore } from "../ScheduleStore.ts"

/** Opens a file, or makes one. Fails when it is used already, or cannot be written. */
export const make = (file: string): Effect.Effect<ScheduleStore["Service"], BeatError, Scope.Scope> =>
  Effect.gen(function*() {
    const describe = `the file ${file}`
    const attempt = <A>(run: () => A): Effect.Effect<A, BeatError> =>
      Effect.try({
        try: run,
        catch: (cause) => {
          const detail = cause instanceof StateStoreError && cause.reason._tag === "InUse"
            ? "another process uses it: give each scheduler its own, or keep schedules where several may (SQL, Redis)"
            : cause instanceof Error
            ? cause.message
            : String(cause)
          return new BeatError({ reason: new StoreFailed({ store: describe, detail }) })
        }
      })
    const { setAside, store } = yield* Effect.acquireRelease(
      attempt(() => StateFile.open(file)),
      ({ store }) => Effect.sync(() => store.close())
    )
    if (setAside !== undefined) {
      yield* Effect.logWarning(`beat: ${setAside.error.message}: it was set aside as ${setAside.to}`)
    }
    const written = (yield* attempt(() => store.entries("beat"))).find(([key]) => key === "version")?.[1]
    yield* Rows.check(describe, written)
    const rows = yield* attempt(() => {
      const rows = new Rows.Rows()
      store.put("beat", "version", Rows.format)
      for (const [entry, text] of store.entries("changes")) rows.change(entry, text)
      for (const [entry, text] of store.entries("progress")) {
        const { count, last } = parse<Progress>(text) ?? {}
        rows.come(entry, last, count ?? 0, text)
      }
      for (const { kind, name, text } of rows.damaged) {
        store.put("damaged", `${kind} ${name}`, text)
        store.delete(kind, name)
      }
      return rows
    })
    yield* Rows.tell(describe, "its room 'damaged'", rows.damaged)
    const kept = new Kept(rows)
    return ScheduleStore.of({
      describe,
      read: Effect.sync(() => kept.snapshot()),
      advance: (progress) =>
        attempt(() => {
          const forward = kept.advance(progress)
          store.putAll("progress", forward.map(([entry, progress]) => [entry, JSON.stringify(progress)]))
        }),
      forget: (entries) =>
        attempt(() => {
          for (const entry of entries) {
            kept.progress.delete(entry)
            store.delete("progress", entry)
          }
        }),
      change: (entry, update) =>
        attempt(() => {
          const change = update(kept.changes.get(entry))
          if (change === undefined) store.delete("changes", entry)
          else store.put("changes", entry, JSON.stringify(change))
          kept.change(entry, change)
        }),
      changed: (revision) => kept.changed(revision)
    })
  })

export const layer = (file: string): Layer.Layer<ScheduleStore, BeatError> => Layer.effect(ScheduleStore, make(file))
