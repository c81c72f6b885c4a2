/**
 * What every event of a node says, around what this one says: written by hand,
 * for a task has three of them.
 */
import type { LogicalClock } from "@celeriac/messaging/LogicalClock"
import type * as Clock from "effect/Clock"

/** Clocks are put forward and back at a full quarter. */
const quarterMillis = 900_000

export class EventStamp {
  private readonly hostname: string
  private readonly logical: LogicalClock["Service"]
  private readonly clock: Clock.Clock
  private prefix = ""
  private quarter = -1
  private readonly types = new Map<string, string>()
  private millis = -1
  private stamp = ""

  constructor(hostname: string, logical: LogicalClock["Service"], clock: Clock.Clock) {
    this.hostname = hostname
    this.logical = logical
    this.clock = clock
  }

  /** The event as JSON, by the members that it has of its own. */
  event(type: string, members: string): string {
    const now = this.clock.currentTimeMillisUnsafe()
    if (now !== this.millis) this.turn(now)
    const own = members === "" ? "" : `,${members}`
    return `${this.prefix}${this.logical.forward()}${own}${this.stamp}${this.typed(type)}`
  }

  /** Many events have the same millisecond. */
  private turn(now: number): void {
    this.millis = now
    this.stamp = `,"timestamp":${now / 1000},"type":`
    const quarter = Math.floor(now / quarterMillis)
    if (quarter === this.quarter) return
    this.quarter = quarter
    const utcoffset = new Date(now).getTimezoneOffset() / 60
    this.prefix = `{"hostname":${JSON.stringify(this.hostname)},"utcoffset":${utcoffset},"pid":${process.pid},"clock":`
  }

  private typed(type: string): string {
    const known = this.types.get(type)
    if (known !== undefined) return known
    const text = `${JSON.stringify(type)}}`
    // Types are few, but nobody promises that.
    if (this.types.size < 256) this.types.set(type, text)
    return text
  }
}
