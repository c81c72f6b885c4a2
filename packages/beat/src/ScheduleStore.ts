/**
 * Where a scheduler keeps what it must not forget: how far each entry has come, and
 * what operators have changed.
 *
 * Progress is the leader's alone, and goes forward alone: a leader that was slow
 * cannot undo what its successor has done. Changes are everybody's: an entry added or
 * redefined, paused, resumed, or to be run now. What code defines is not kept.
 *
 * `stores/` has implementations; each runs `testing/ScheduleStoreConformance`.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { BeatError } from "./BeatError.ts"
import type { EntryJson } from "./BeatSchedule.ts"

/** How far an entry has come. */
export interface Progress {
  /** The newest slot that needs nothing more, or when the entry began; milliseconds since the epoch. */
  readonly last: number
  /** How many slots were sent. */
  readonly count: number
}

/** What is said of an entry at run time. What it does not say the code does. */
export interface Change {
  /** The entry, instead of what the code defines, or of one that it does not. */
  readonly entry?: EntryJson | undefined
  /** Paused or resumed. */
  readonly enabled?: boolean | undefined
  /** To be sent now, once for this word. */
  readonly run?: string | undefined
}

export interface Snapshot {
  /** Another one after each change. */
  readonly revision: number
  readonly changes: ReadonlyMap<string, Change>
  readonly progress: ReadonlyMap<string, Progress>
}

export class ScheduleStore extends Context.Service<ScheduleStore, {
  /** In logs and errors: `memory`, `the file beat.db`. */
  readonly describe: string
  readonly read: Effect.Effect<Snapshot, BeatError>
  /** Keeps progress, where it goes forward. All of it is kept when it succeeds. */
  readonly advance: (progress: ReadonlyArray<readonly [entry: string, progress: Progress]>) => Effect.Effect<
    void,
    BeatError
  >
  /** Forgets how far entries have come, of which there are none any more. */
  readonly forget: (entries: ReadonlyArray<string>) => Effect.Effect<void, BeatError>
  /** Changes what is said of an entry, at once with what is said already; `undefined` says nothing. */
  readonly change: (
    entry: string,
    update: (change: Change | undefined) => Change | undefined
  ) => Effect.Effect<void, BeatError>
  /** Waits until the changes are others than at that revision; told within a second. */
  readonly changed: (revision: number) => Effect.Effect<void, BeatError>
}>()("@celeriac/beat/ScheduleStore") {}
