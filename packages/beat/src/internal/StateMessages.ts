/**
 * A schedule as messages of a queue: one that holds all of it, and behind it those
 * that say how far entries have come since.
 *
 * Of several that hold all of it the one of the highest version counts: an older one
 * is left over from somebody who ended before it was acknowledged. What says how far
 * entries have come goes forward alone, so it is no matter in which order it stands,
 * or how often.
 */
import type { Delivery, Message } from "@celeriac/messaging/Message"
import type { Change, Progress, Snapshot } from "../ScheduleStore.ts"
import { isTable, parse } from "./Json.ts"

/** All of it. Its version grows with each that is written, its revision with each change of what is said. */
export interface State extends Snapshot {
  readonly version: number
}

/** What was read of a queue. */
interface Heard {
  readonly state: State
  /** What cannot be read. */
  readonly damaged: ReadonlyArray<Delivery>
  /** The format of what was written by a newer version, if anything was. */
  readonly newer: unknown
}

const nothing: State = { version: 0, revision: 1, changes: new Map(), progress: new Map() }

/** Of what is written here. */
export const format = 1

export const ofState = ({ changes, progress, revision, version }: State): Message =>
  message({
    version,
    revision,
    changes: Object.fromEntries(changes),
    progress: Object.fromEntries(Array.from(progress, ([name, { count, last }]) => [name, [last, count]]))
  })

export const ofProgress = (progress: Iterable<readonly [string, Progress]>): Message =>
  message({ progress: Object.fromEntries(Array.from(progress, ([name, { count, last }]) => [name, [last, count]])) })

const message = (content: Readonly<Record<string, unknown>>): Message => ({
  body: new TextEncoder().encode(JSON.stringify({ format, ...content })),
  headers: {},
  properties: { contentType: "application/json", contentEncoding: "utf-8", deliveryMode: 2 }
})

/** What these come to. */
export const read = (deliveries: ReadonlyArray<Delivery>): Heard => {
  let state = nothing
  let newer: unknown
  const damaged: Array<Delivery> = []
  const forward: Array<Iterable<readonly [string, Progress]>> = []
  for (const delivery of deliveries) {
    const content = parse<Content>(new TextDecoder().decode(delivery.body))
    if (content === undefined || typeof content.format !== "number" || !isTable(content.progress)) {
      damaged.push(delivery)
    } else if (content.format > format) {
      newer = content.format
    } else if (content.version === undefined) {
      forward.push(progressIn(content.progress))
    } else if (Number(content.version) >= state.version) {
      state = {
        version: Number(content.version),
        revision: Number(content.revision) || 1,
        changes: changesIn(content.changes),
        progress: new Map(progressIn(content.progress))
      }
    }
  }
  const progress = new Map(state.progress)
  for (const some of forward) {
    for (const [name, next] of some) {
      const known = progress.get(name)
      if (known === undefined || known.last < next.last) progress.set(name, next)
    }
  }
  return { state: { ...state, progress }, damaged, newer }
}

interface Content {
  readonly format: unknown
  readonly version: unknown
  readonly revision: unknown
  readonly changes: unknown
  readonly progress: unknown
}

const changesIn = (value: unknown): ReadonlyMap<string, Change> =>
  // The fields of a change are looked at by who uses them.
  new Map(
    Object.entries(isTable(value) ? value : {}).filter(([, change]) => isTable(change)) as Array<[string, Change]>
  )

const progressIn = (value: Readonly<Record<string, unknown>>): ReadonlyArray<readonly [string, Progress]> =>
  Object.entries(value).flatMap(([name, said]) => {
    const [last, count]: ReadonlyArray<unknown> = Array.isArray(said) ? said : []
    return typeof last === "number" ? [[name, { last, count: Number(count) || 0 }] as const] : []
  })
