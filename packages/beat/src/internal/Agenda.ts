/**
 * What is to be sent when: entries with how far they have come, over one heap of the
 * times at which each is due next. It knows no clock and sends nothing.
 *
 * Looking at what is due costs by what is due, not by how many entries there are.
 */
import { type Entry as Timed, TimerHeap } from "@celeriac/messaging/TimerHeap"
import * as Result from "effect/Result"
import { BeatError, InvalidEntry } from "../BeatError.ts"
import { decodeEntry } from "../BeatSchedule.ts"
import type { ScheduleEntry } from "../ScheduleEntry.ts"
import type { Change, Progress, Snapshot } from "../ScheduleStore.ts"
import { type Due, due, nextOf } from "./Missed.ts"

/** An entry, and where it is. */
export interface Item {
  readonly entry: ScheduleEntry
  /** What was said of it at run time. */
  readonly change: Change | undefined
  readonly said: string
  progress: Progress
  timer: Timed<Item> | undefined
  /** How many times in a row it could not be sent. */
  failures: number
}

interface Loaded {
  /** Those that are here for the first time: they count from now. */
  readonly begun: ReadonlyArray<readonly [string, Progress]>
  /** Of which there is nothing any more. */
  readonly gone: ReadonlyArray<string>
  /** Whose last slot is more than a day ahead: a clock was wrong, and they count from now. */
  readonly ahead: ReadonlyArray<string>
  readonly errors: ReadonlyArray<BeatError>
}

/** What lies so far in the future was no slot of a clock that was right. */
const aheadMillis = 86_400_000

export class Agenda {
  readonly items = new Map<string, Item>()
  readonly #heap = new TimerHeap<Item>()
  readonly #retryMillis: number

  /** `retryMillis`: after which an entry is looked at again whose schedule throws. */
  constructor(retryMillis: number) {
    this.#retryMillis = retryMillis
  }

  /** When something is due next. */
  get next(): number | undefined {
    return this.#heap.peek()?.at
  }

  /** Takes what code and a store say. What did not change stays as it is. */
  load(entries: ReadonlyArray<ScheduleEntry>, snapshot: Snapshot, now: number): Loaded {
    const begun: Array<readonly [string, Progress]> = []
    const ahead: Array<string> = []
    const { definitions, errors, unreadable } = this.#define(entries, snapshot.changes)
    for (const [name, item] of this.items) {
      if (definitions.has(name)) continue
      item.timer?.cancel()
      this.items.delete(name)
    }
    for (const [name, { change, entry, said }] of definitions) {
      const known = this.items.get(name)
      let progress = later(known?.progress, snapshot.progress.get(name))
      if (progress !== undefined && progress.last > now + aheadMillis) {
        ahead.push(name)
        progress = { last: now, count: progress.count }
        begun.push([name, progress])
      }
      if (progress === undefined) {
        progress = { last: now, count: 0 }
        begun.push([name, progress])
      }
      if (known?.entry === entry && known.said === said && known.progress.last === progress.last) continue
      known?.timer?.cancel()
      const item: Item = { entry, change, said, progress, timer: undefined, failures: 0 }
      this.items.set(name, item)
      errors.push(...this.plan(item, now))
    }
    // What cannot be read now, as of a newer version, may be read again.
    const isGone = (name: string) => !definitions.has(name) && !unreadable.has(name)
    const gone = Array.from(snapshot.progress.keys()).filter(isGone)
    return { begun, gone, ahead, errors }
  }

  /** What is due at a time, the oldest first, with the slots to send. */
  take(now: number, most: number): {
    readonly taken: ReadonlyArray<readonly [Item, Due]>
    readonly errors: ReadonlyArray<BeatError>
  } {
    const taken: Array<readonly [Item, Due]> = []
    const errors: Array<BeatError> = []
    while (taken.length < most) {
      const item = this.#heap.popDue(now)?.call
      if (item === undefined) break
      item.timer = undefined
      try {
        const found = due(item.entry.schedule, item.progress.last, now, item.entry.missed)
        if (found === undefined) errors.push(...this.plan(item, now))
        else taken.push([item, found])
      } catch (cause) {
        errors.push(this.#later(item, now, cause))
      }
    }
    return { taken, errors }
  }

  /** Enters it for its next slot, if it has one and is not paused. An error is that of a schedule which threw. */
  plan(item: Item, now: number): ReadonlyArray<BeatError> {
    if (!isEnabled(item)) return []
    try {
      const at = nextOf(item.entry.schedule, item.progress.last)
      if (at !== undefined) item.timer = this.#heap.enter(at, item)
      return []
    } catch (cause) {
      return [this.#later(item, now, cause)]
    }
  }

  /** Enters it for a time, whatever its slots are. */
  retry(item: Item, at: number): void {
    item.timer = this.#heap.enter(at, item)
  }

  #later(item: Item, now: number, cause: unknown): BeatError {
    this.retry(item, now + this.#retryMillis)
    const detail = `its schedule ${item.entry.schedule.describe} cannot say what comes next: ${
      cause instanceof Error ? cause.message : String(cause)
    }`
    return new BeatError({ reason: new InvalidEntry({ entry: item.entry.name, detail }) })
  }

  #define(entries: ReadonlyArray<ScheduleEntry>, changes: ReadonlyMap<string, Change>) {
    const definitions = new Map<string, Pick<Item, "entry" | "change" | "said">>()
    const errors: Array<BeatError> = []
    const unreadable = new Set<string>()
    for (const entry of entries) definitions.set(entry.name, { entry, change: undefined, said: "" })
    for (const [name, change] of changes) {
      const said = JSON.stringify(change)
      const known = this.items.get(name)
      const inCode = definitions.get(name)?.entry
      if (change.entry === undefined) {
        if (inCode !== undefined) definitions.set(name, { entry: inCode, change, said })
      } else if (known?.said === said) {
        definitions.set(name, { entry: known.entry, change, said })
      } else {
        const decoded = decodeEntry(name, change.entry)
        if (Result.isSuccess(decoded)) definitions.set(name, { entry: decoded.success, change, said })
        else {
          errors.push(decoded.failure)
          unreadable.add(name)
          // Paused or not, that can be read.
          if (inCode !== undefined) definitions.set(name, { entry: inCode, change, said })
        }
      }
    }
    return { definitions, errors, unreadable }
  }
}

export const isEnabled = (item: Pick<Item, "change" | "entry">): boolean => item.change?.enabled ?? item.entry.enabled

const later = (a: Progress | undefined, b: Progress | undefined): Progress | undefined =>
  a === undefined || (b !== undefined && b.last > a.last) ? b : a
