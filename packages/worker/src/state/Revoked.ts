/**
 * What is not to run: Celery's `worker.state.revoked` and `revoked_stamps`.
 *
 * Ids of tasks, oldest first, so many and for so long: beyond, the oldest are
 * forgotten. They are compared with every message that comes; while there are
 * none, that costs a comparison. Stamps (a header and the values of it that are
 * revoked) are bounded likewise, live until the worker ends, and are not shared
 * with others, as in Celery. Source: the guide's "Workers", revoking tasks.
 *
 * Times are milliseconds since the epoch. Those that another machine sends are
 * its own seconds since it was started: `read` leaves them out.
 *
 * @since 0.1.0
 */
import { BoundedMap } from "@celeriac/messaging/BoundedMap"
import * as Clock from "effect/Clock"
import { RevokedStamps, type Stamp } from "./internal/RevokedStamps.ts"

export type { Stamp } from "./internal/RevokedStamps.ts"

export interface Options {
  /** How many ids, and how many values of stamps, are remembered. Default 50,000. */
  readonly most?: number | undefined
  /** How long an id is remembered, in milliseconds. Default three hours. */
  readonly expires?: number | undefined
  readonly clock?: Pick<Clock.Clock, "currentTimeMillisUnsafe"> | undefined
}

/** An id, and when it was revoked: now, when that is left out. */
export type Entry = readonly [id: string, at?: number | undefined]

export const defaultMost = 50_000
export const defaultExpires = 10_800_000

export class Revoked {
  readonly most: number
  readonly expires: number
  /** Nothing is revoked: there is nothing to compare with. */
  isEmpty = true
  /** Told of each id that is new, or revoked anew: for whoever writes it down. What it throws is nobody's business. */
  onRevoked: (id: string, at: number) => void = () => {}
  private readonly clock: Pick<Clock.Clock, "currentTimeMillisUnsafe">
  /** By id, the oldest first. */
  private readonly times: BoundedMap<string, number>
  private readonly stamps: RevokedStamps
  /** The latest time in it. */
  private newest = 0

  constructor(options: Options = {}) {
    this.most = options.most ?? defaultMost
    this.expires = options.expires ?? defaultExpires
    this.clock = options.clock ?? Clock.Clock.defaultValue()
    this.times = new BoundedMap(this.most)
    this.stamps = new RevokedStamps(this.most)
  }

  get size(): number {
    return this.times.size
  }

  /** One that was revoked before is the youngest from now on. */
  revoke(id: string, at?: number): void {
    // A clock that was set back does not change the order.
    const now = Math.max(this.newest, this.clock.currentTimeMillisUnsafe())
    if (at === undefined || at === now) this.add(id, now)
    else this.merge([[id, at]])
  }

  has(id: string): boolean {
    return this.times.has(id)
  }

  /**
   * Adds what was written down before, or what another worker knows. For a time that
   * cannot be stands this moment; what has expired is left out, and what is known
   * already stays as young as it is.
   */
  merge(entries: Iterable<Entry>): void {
    const now = Math.max(this.newest, this.clock.currentTimeMillisUnsafe())
    const fresh: Array<readonly [string, number]> = []
    for (const [id, at] of entries) {
      const time = at !== undefined && at >= 0 && at <= now ? at : now
      const known = this.times.get(id)
      if (time + this.expires <= now || (known !== undefined && (at === undefined || known >= time))) continue
      fresh.push([id, time])
    }
    if (fresh.length === 0) return
    fresh.sort(byTime)
    // They are younger than all there are, or everything finds its place anew.
    const all = fresh[0]![1] >= this.newest ? fresh : this.rebuild(fresh)
    for (const [id, time] of all) this.set(id, time)
    for (const [id, time] of fresh) this.tell(id, time)
  }

  /** Forgets what has expired at `now`. */
  purge(now: number = this.clock.currentTimeMillisUnsafe()): void {
    for (let oldest = this.times.oldest(); oldest !== undefined; oldest = this.times.oldest()) {
      if (oldest[1] + this.expires > now) break
      this.times.deleteOldest()
    }
    this.isEmpty = this.times.size === 0 && this.stamps.size === 0
  }

  /** Oldest first, without those that have expired. */
  ids(): ReadonlyArray<string> {
    return Array.from(this.entries(), ([id]) => id)
  }

  /** Oldest first, without those that have expired. */
  entries(): Iterable<readonly [id: string, at: number]> {
    this.purge()
    return this.times.entries()
  }

  /** A message is revoked that has one of the values under this header. Null is no value. */
  revokeStamps(header: string, values: ReadonlyArray<unknown>): void {
    this.stamps.add(header, values)
    this.isEmpty = this.times.size === 0 && this.stamps.size === 0
  }

  /** The stamp that revokes a message: only headers that it lists as stamped count. */
  stampOf(
    stampedHeaders: ReadonlyArray<string> | undefined,
    stamps: Readonly<Record<string, unknown>>
  ): Stamp | undefined {
    return stampedHeaders === undefined || this.stamps.size === 0 ? undefined : this.stamps.find(stampedHeaders, stamps)
  }

  /** Every stamp that is revoked: the values, by their header. */
  stampsByHeader(): ReadonlyMap<string, ReadonlyArray<unknown>> {
    return this.stamps.byHeader()
  }

  private add(id: string, at: number): void {
    this.set(id, at)
    this.tell(id, at)
  }

  private set(id: string, at: number): void {
    this.times.set(id, at)
    this.newest = Math.max(this.newest, at)
    this.isEmpty = false
  }

  /** Takes everything out, to be set again in the order of time. */
  private rebuild(fresh: ReadonlyArray<readonly [string, number]>): ReadonlyArray<readonly [string, number]> {
    const all = new Map(this.times.entries())
    for (const [id, time] of fresh) {
      all.delete(id)
      all.set(id, time)
    }
    this.times.clear()
    return Array.from(all).sort(byTime)
  }

  private tell(id: string, at: number): void {
    try {
      this.onRevoked(id, at)
    } catch {
      // It is revoked, written down or not.
    }
  }
}

/**
 * The ids that another worker sends, with what may stand beside them: a list
 * (Celery 5.7), or a table of when and what (before). Anything else is no id.
 */
export const read = (value: unknown): ReadonlyArray<Entry> => {
  if (typeof value !== "object" || value === null) return []
  const ids: ReadonlyArray<unknown> = Array.isArray(value) ? value : Object.keys(value)
  return ids.flatMap((id): ReadonlyArray<Entry> => isId(id) ? [[id]] : [])
}

/** AMQP has no room for a longer one. */
const longest = 255

const isId = (id: unknown): id is string => typeof id === "string" && id !== "" && id.length <= longest

const byTime = (a: readonly [string, number], b: readonly [string, number]): number => a[1] - b[1]
