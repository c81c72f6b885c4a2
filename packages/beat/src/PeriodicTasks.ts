/**
 * What an operator, or a handler of HTTP, does with the entries of a scheduler, in
 * whatever process it runs: it needs their store alone, and whoever leads hears of it
 * within a second.
 *
 * ```ts
 * const tasks = yield* PeriodicTasks.PeriodicTasks
 * yield* tasks.add(ScheduleEntry.make("tick", { signature: tick.s(), schedule: Schedule.schedule("10 seconds") }))
 * yield* tasks.pause("tick")
 * ```
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { BeatError, InvalidEntry } from "./BeatError.ts"
import { BeatSchedule, encodeEntry } from "./BeatSchedule.ts"
import { Agenda, isEnabled, type Item } from "./internal/Agenda.ts"
import type { ScheduleEntry } from "./ScheduleEntry.ts"
import { type Change, ScheduleStore } from "./ScheduleStore.ts"

export interface Listed {
  readonly entry: ScheduleEntry
  readonly isEnabled: boolean
  /** The newest slot that was dealt with, or when it began; milliseconds since the epoch. */
  readonly last: number
  /** Its next slot. `undefined` of one that is paused, or has none any more. */
  readonly next: number | undefined
  /** How many slots were sent. */
  readonly count: number
}

export class PeriodicTasks extends Context.Service<PeriodicTasks, {
  /** All entries, by name. What is kept and cannot be read any more is left out. */
  readonly list: Effect.Effect<ReadonlyArray<Listed>, BeatError>
  /** Adds an entry, or puts it in the place of the one of its name. It counts from now. */
  readonly add: (entry: ScheduleEntry) => Effect.Effect<void, BeatError>
  /** Removes an entry that was added, and all that was said of one that is in code. */
  readonly remove: (name: string) => Effect.Effect<void, BeatError>
  /** Sends no slots of it from now on. */
  readonly pause: (name: string) => Effect.Effect<void, BeatError>
  /** Sends its slots again from now on; those of the pause are no missed ones. */
  readonly resume: (name: string) => Effect.Effect<void, BeatError>
  /** Sends it once, beside its schedule, also when it is paused; and once for one `word`, whose default is the time. */
  readonly runNow: (name: string, word?: string) => Effect.Effect<void, BeatError>
}>()("@celeriac/beat/PeriodicTasks") {}

export const layer: Layer.Layer<PeriodicTasks, never, BeatSchedule | ScheduleStore> = Layer.effect(
  PeriodicTasks,
  Effect.gen(function*() {
    const { entries } = yield* BeatSchedule
    const store = yield* ScheduleStore

    const items = Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      const agenda = new Agenda(0)
      agenda.load(entries, yield* store.read, now)
      return agenda.items
    })

    /** Changes an entry that there is. */
    const change = Effect.fnUntraced(function*(name: string, more: Change) {
      const item = (yield* items).get(name)
      if (item === undefined) return yield* absent(name)
      yield* store.change(name, (change) => ({ ...change, ...more }))
      return item
    })

    const countFromNow = Effect.fnUntraced(function*(name: string, count: number) {
      const last = yield* Clock.currentTimeMillis
      yield* store.advance([[name, { last, count }]])
    })

    return PeriodicTasks.of({
      list: Effect.map(
        items,
        (items) => Array.from(items.values(), listed).sort((a, b) => a.entry.name < b.entry.name ? -1 : 1)
      ),
      add: Effect.fnUntraced(function*(entry) {
        const json = yield* Effect.fromResult(encodeEntry(entry))
        const known = (yield* store.read).progress.get(entry.name)
        yield* countFromNow(entry.name, known?.count ?? 0)
        yield* store.change(entry.name, () => ({ entry: json }))
      }),
      remove: Effect.fnUntraced(function*(name) {
        if (!(yield* items).has(name)) return yield* absent(name)
        yield* store.change(name, () => undefined)
        if (!entries.some((entry) => entry.name === name)) yield* store.forget([name])
      }),
      pause: (name) => Effect.asVoid(change(name, { enabled: false })),
      resume: Effect.fnUntraced(function*(name) {
        const item = (yield* items).get(name)
        if (item === undefined) return yield* absent(name)
        if (!isEnabled(item)) yield* countFromNow(name, item.progress.count)
        yield* change(name, { enabled: true })
      }),
      runNow: Effect.fnUntraced(function*(name, word) {
        const now = yield* Clock.currentTimeMillis
        yield* change(name, { run: word ?? String(now) })
      })
    })
  })
)

const absent = (entry: string) =>
  Effect.fail(
    new BeatError({ reason: new InvalidEntry({ entry, detail: "there is none of this name: see what is listed" }) })
  )

const listed = (item: Item): Listed => ({
  entry: item.entry,
  isEnabled: isEnabled(item),
  last: item.progress.last,
  next: item.timer?.at,
  count: item.progress.count
})
