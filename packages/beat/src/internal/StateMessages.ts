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
import type { Progress, Snapshot } from "../ScheduleStore.ts"
import { isTable, parse } from "./Json.ts"
import { type Damaged, format, Rows } from "./Rows.ts"

/** All of it. Its version grows with each that is written, its revision with each change of what is said. */
export interface State extends Snapshot {
  readonly version: number
}

/** What was read of a queue. */
interface Heard {
  readonly state: State
  /** What cannot be read. */
  readonly damaged: ReadonlyArray<Delivery>
  /** Of what can be, entries that cannot. */
  readonly rows: ReadonlyArray<Damaged>
  /** The format of what was written by a newer version, if anything was. */
  readonly newer: unknown
}

const nothing: State = { version: 0, revision: 1, changes: new Map(), progress: new Map() }

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
  let whole = new Rows()
  const forward = new Rows()
  const behind: Array<ReadonlyMap<string, Progress>> = []
  for (const delivery of deliveries) {
    const content = parse<Content>(new TextDecoder().decode(delivery.body))
    if (content === undefined || typeof content.format !== "number" || !isTable(content.progress)) {
      damaged.push(delivery)
    } else if (content.format > format) {
      newer = content.format
    } else if (content.version === undefined) {
      const rows = new Rows()
      comeIn(rows, content.progress)
      behind.push(rows.progress)
      forward.damaged.push(...rows.damaged)
    } else if (Number(content.version) >= state.version) {
      whole = new Rows()
      for (const [name, change] of Object.entries(isTable(content.changes) ? content.changes : {})) {
        whole.change(name, change)
      }
      comeIn(whole, content.progress)
      const revision = Number(content.revision) || 1
      state = { version: Number(content.version), revision, changes: whole.changes, progress: whole.progress }
    }
  }
  const progress = new Map(state.progress)
  for (const some of behind) {
    for (const [name, next] of some) {
      const known = progress.get(name)
      if (known === undefined || known.last < next.last) progress.set(name, next)
    }
  }
  return { state: { ...state, progress }, damaged, rows: [...whole.damaged, ...forward.damaged], newer }
}

/** An entry that could not be read, to be set aside. */
export const ofDamaged = ({ kind, name, text }: Damaged): Message => message({ [kind]: { [name]: text } })

interface Content {
  readonly format: unknown
  readonly version: unknown
  readonly revision: unknown
  readonly changes: unknown
  readonly progress: unknown
}

const comeIn = (rows: Rows, progress: Readonly<Record<string, unknown>>): void => {
  for (const [name, said] of Object.entries(progress)) {
    const [last, count]: ReadonlyArray<unknown> = Array.isArray(said) ? said : []
    rows.come(name, last, count, said)
  }
}
