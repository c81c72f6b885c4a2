/**
 * What every event of a node says, around what this one says: written by hand,
 * for a task has three of them.
 */
import type { LogicalClock } from "@celeriac/messaging/LogicalClock"
import type * as Clock from "effect/Clock"
import type { EventBatch } from "./EventBatch.ts"

/** Clocks are put forward and back at a full quarter. */
const quarterMillis = 900_000

export class EventStamp {
  private readonly hostname: string
  private readonly logical: LogicalClock["Service"]
  private readonly clock: Clock.Clock
  private head = ""
  private headBytes = Buffer.alloc(0)
  private quarter = -1
  private millis = -1
  private tail = ""
  private tailBytes = Buffer.alloc(0)

  constructor(hostname: string, logical: LogicalClock["Service"], clock: Clock.Clock) {
    this.hostname = hostname
    this.logical = logical
    this.clock = clock
  }

  /** The event as JSON, by the members that it has of its own. */
  event(type: string, members: string): string {
    this.look()
    const own = members === "" ? "" : `,${members}`
    return `${this.head}${this.logical.forward()}${own}${this.tail}${JSON.stringify(type)}}`
  }

  /** Begins an event: its members follow, each after a comma. */
  open(batch: EventBatch): void {
    this.look()
    batch.open()
    batch.bytes(this.headBytes)
    batch.number(this.logical.forward())
  }

  /** Ends it: `type` is JSON, and the brace after it. */
  close(batch: EventBatch, type: Uint8Array): void {
    batch.bytes(this.tailBytes)
    batch.bytes(type)
  }

  /** Many events have the same millisecond. */
  private look(): void {
    const now = this.clock.currentTimeMillisUnsafe()
    if (now === this.millis) return
    this.millis = now
    this.tail = `,"timestamp":${now / 1000},"type":`
    this.tailBytes = Buffer.from(this.tail)
    const quarter = Math.floor(now / quarterMillis)
    if (quarter === this.quarter) return
    this.quarter = quarter
    const utcoffset = new Date(now).getTimezoneOffset() / 60
    this.head = `{"hostname":${JSON.stringify(this.hostname)},"utcoffset":${utcoffset},"pid":${process.pid},"clock":`
    this.headBytes = Buffer.from(this.head)
  }
}
