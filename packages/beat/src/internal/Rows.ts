/**
 * What stores have read, a row for each entry: rows that make sense, and those that
 * do not. These are set aside, each store has a place for them beside its rows, and
 * that is said once: the other entries go on, and an entry that lost one begins anew,
 * so that nothing is sent again because of it.
 */
import * as Effect from "effect/Effect"
import { BeatError, StoreFailed } from "../BeatError.ts"
import type { Change, Progress } from "../ScheduleStore.ts"
import { isTable, parse } from "./Json.ts"

/** One that makes no sense. */
export interface Damaged {
  readonly kind: "changes" | "progress"
  readonly name: string
  /** As it was found. */
  readonly text: string
}

/** Of what is written here. */
export const format = 1

export class Rows {
  readonly changes = new Map<string, Change>()
  readonly progress = new Map<string, Progress>()
  readonly damaged: Array<Damaged> = []

  /** `said` is JSON, or what that holds. */
  change(name: string, said: unknown): void {
    const change = typeof said === "string" ? parse(said) : said
    if (isChange(change)) this.changes.set(name, change)
    else this.damaged.push({ kind: "changes", name, text: textOf(said) })
  }

  /** `found` is what `progress` was made of. */
  come(name: string, last: unknown, count: unknown, found: unknown): void {
    if (isTime(last) && isTime(count)) this.progress.set(name, { last, count })
    else this.damaged.push({ kind: "progress", name, text: textOf(found) })
  }
}

/** `to`: where they are now. */
export const tell = (store: string, to: string, damaged: ReadonlyArray<Damaged>): Effect.Effect<void> =>
  Effect.forEach(damaged, ({ kind, name }) => {
    const what = kind === "changes" ? "what was said of it" : "how far it has come"
    const then = kind === "changes"
      ? "what code says of it counts until it is changed anew"
      : "it counts from now, and no slot is sent again"
    return Effect.logWarning(
      `beat: the schedule in ${store}: entry '${name}': ${what} cannot be read, and was set aside in ${to}: ${then}`
    )
  }, { discard: true })

/** Fails when it was written by a newer version, of which nothing is to be changed. */
export const check = (store: string, written: unknown): Effect.Effect<void, BeatError> => {
  const known = written === undefined || written === null || written === "" || Number(written) <= format
  return known ? Effect.void : Effect.fail(newer(store, written))
}

export const newer = (store: string, written: unknown): BeatError => {
  const detail = `it was written by a newer version (its format is ${written}, known is ${format}): upgrade`
  return new BeatError({ reason: new StoreFailed({ store, detail }) })
}

/** What an entry is made of is looked at by who makes it. */
const isChange = (value: unknown): value is Change =>
  isTable(value) &&
  (value.entry === undefined || isTable(value.entry)) &&
  (value.enabled === undefined || typeof value.enabled === "boolean") &&
  (value.run === undefined || typeof value.run === "string")

/** Milliseconds, or a count. */
const isTime = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0

const textOf = (value: unknown): string => typeof value === "string" ? value : JSON.stringify(value) ?? String(value)
