/**
 * Reads the contents of messages as events: one, or a list of them.
 *
 * Nothing in a message hurts it: what is malformed is counted, and the rest of
 * the list is read.
 */
import { isTime, type LogicalClock } from "@celeriac/messaging/LogicalClock"
import type { Delivery } from "@celeriac/messaging/Message"
import type * as Clock from "effect/Clock"
import * as Result from "effect/Result"
import type * as Event from "../event/Event.ts"
import * as EventCodec from "../event/EventCodec.ts"

/** Of one message. Senders put up to two hundred together, and more where they had to wait. */
const mostEvents = 50_000

export class EventReader {
  received = 0
  malformed = 0
  private readonly clock: Clock.Clock
  private readonly logical: LogicalClock["Service"] | undefined
  private readonly localize: boolean
  private readonly onEvent: (event: Event.Heard, delivery: Delivery) => void
  private readonly onMalformed: (why: string) => void

  constructor(
    clock: Clock.Clock,
    logical: LogicalClock["Service"] | undefined,
    localize: boolean,
    onEvent: (event: Event.Heard, delivery: Delivery) => void,
    onMalformed: (why: string) => void
  ) {
    this.clock = clock
    this.logical = logical
    this.localize = localize
    this.onEvent = onEvent
    this.onMalformed = onMalformed
  }

  read(content: unknown, delivery: Delivery): void {
    if (!Array.isArray(content)) return this.readOne(content, delivery)
    const count = Math.min(content.length, mostEvents)
    for (let i = 0; i < count; i++) this.readOne(content[i], delivery)
    if (content.length > count) this.refuse(`more than ${mostEvents} events in a message`)
  }

  refuse(why: string): void {
    this.malformed++
    this.safely(() => this.onMalformed(why))
  }

  private readOne(wire: unknown, delivery: Delivery): void {
    const decoded = EventCodec.decode(wire)
    if (Result.isFailure(decoded)) return this.refuse(decoded.failure.message)
    this.received++
    const millis = this.clock.currentTimeMillisUnsafe()
    const event = decoded.success
    const heard: Event.Heard = {
      ...event,
      clock: this.clockOf(event),
      timestamp: this.localize ? timestampOf(event, millis) : event.timestamp,
      localReceived: millis / 1000
    }
    try {
      this.onEvent(heard, delivery)
    } catch (defect) {
      this.safely(() => this.onMalformed(`whoever hears of events threw: ${String(defect)}`))
    }
  }

  /** Clients hear of nobody, so their clocks mean nothing: what they sent comes just before whatever is known here. */
  private clockOf(event: Event.Event): number | undefined {
    const { logical } = this
    if (logical === undefined) return event.clock
    if (event._tag === "TaskSent") {
      const before = Math.max(logical.value(), 1) - 1
      logical.adjust(before)
      return before
    }
    if (!isTime(event.clock)) return logical.forward()
    logical.adjust(event.clock)
    return event.clock
  }

  private safely(call: () => void): void {
    try {
      call()
    } catch {
      // Whoever is told has failed at it: nobody else is to know.
    }
  }
}

/** As Celery's receiver has it. */
const timestampOf = ({ timestamp, utcoffset }: Event.Event, millis: number): number =>
  utcoffset === undefined ? timestamp : timestamp - (utcoffset - hereAt(millis)) * 3_600

/** Hours to add to local time to get UTC, asked once a quarter of an hour. */
const hereAt = (millis: number): number => {
  const quarter = Math.floor(millis / 900_000)
  if (quarter !== asked) {
    asked = quarter
    here = new Date(millis).getTimezoneOffset() / 60
  }
  return here
}

let asked: number | undefined
let here = 0
