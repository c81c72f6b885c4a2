/**
 * Events on their way to the broker: put together, sent while there is a
 * connection, kept within bounds while there is none.
 */
import { InFlight } from "@celeriac/messaging/InFlight"
import type { Address, Message, Properties } from "@celeriac/messaging/Message"
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import * as Effect from "effect/Effect"
import * as MutableList from "effect/MutableList"
import { routingKeyOf } from "../event/Event.ts"
import type { EventAudience } from "./EventAudience.ts"
import { EventBatch } from "./EventBatch.ts"

/** A way to the broker. */
export interface Outlet {
  /** `onOutcome` is called once, and never throws. When the broker has taken the message, or given it back, its body is written over. */
  readonly publish: (
    message: Message,
    to: Address,
    onOutcome: (error: MessagingError | undefined) => void
  ) => void
  /** Calls `flush` soon: at the end of the turn. Without it nothing is put together. */
  readonly soon?: ((flush: () => void) => void) | undefined
}

/** What is kept, and what may be under way without an answer. */
export interface Limits {
  /** How many events. */
  readonly events: number
  /** How much of them, in bytes, roughly. */
  readonly bytes: number
}

const defaults: Limits = { events: 10_000, bytes: 8 * 1024 * 1024 }

/** From JSON to the body, and what it is written in. */
export type Write = (
  json: Uint8Array
) => { readonly body: Uint8Array; readonly properties: Pick<Properties, "contentType" | "contentEncoding"> }

/** The routing key of events that are put together. */
const batches = "task.multi"

const nothing = Buffer.from("[]")

const json = { contentType: "application/json", contentEncoding: "utf-8" }

export const writeJson: Write = (body) => ({ body, properties: json })

/**
 * A message, and how many events are in it. Bytes wait better than text, which
 * the garbage collector would carry from place to place.
 */
interface Parcel {
  readonly message: Message
  readonly to: Address
  readonly events: number
}

/** Is told whether what goes by `task.multi` is heard. */
type Audience = Pick<EventAudience, "came" | "heard" | "unheard" | "turn">

export class EventOutbox {
  /** None: nobody asks. */
  audience: Audience | undefined
  private readonly exchange: string
  private readonly headers: Readonly<Record<string, unknown>>
  private readonly write: Write
  private readonly limits: Limits
  private readonly tell: (what: string) => void
  private outlet: Outlet | undefined
  /** The events that are put together. What writes into it says so: see `added`. */
  readonly batch = new EventBatch()
  private isFlushing = false
  /** To be sent, the oldest first. */
  private readonly kept = MutableList.make<Parcel>()
  private keptEvents = 0
  private keptBytes = 0
  /** Came back unsent, in the order in which they were sent: older than what is kept. */
  private returned: Array<Parcel> = []
  private readonly underWay = new InFlight()
  private bytesUnderWay = 0
  private dropped = 0
  /** What the last message was written in, and with it. */
  private written: Properties | undefined
  private properties: Properties = {}
  private readonly addresses = new Map<string, Address>()

  constructor(
    exchange: string,
    hostname: string,
    write: Write,
    limits: Limits = defaults,
    tell: (what: string) => void
  ) {
    this.exchange = exchange
    this.headers = { hostname }
    this.write = write
    this.limits = limits
    this.tell = tell
  }

  /** An event of a task, to go with others where they are put together. */
  add(text: string, type: string): void {
    this.batch.add(text)
    this.added(type)
  }

  /** An event of a task was written. */
  added(type: string): void {
    const { batch, outlet } = this
    if (outlet !== undefined && outlet.soon === undefined) {
      return this.dispatch(batch.takeOne(), routingKeyOf(type), 1)
    }
    if (batch.isFull) return this.close()
    if (this.isFlushing || outlet?.soon === undefined) return
    this.isFlushing = true
    outlet.soon(this.flushNow)
  }

  /** An event that goes by itself, behind what was told before. */
  post(text: string, type: string): void {
    this.close()
    this.dispatch(Buffer.from(text, "utf8"), routingKeyOf(type), 1)
  }

  readonly attach = (outlet: Outlet): () => void => {
    this.outlet = outlet
    this.isFlushing = false
    this.audience?.came()
    this.drain()
    this.close()
    if (this.dropped > 0) this.tell(`${this.dropped} events were dropped, for there was no way to send them`)
    this.dropped = 0
    return () => {
      if (this.outlet === outlet) this.outlet = undefined
    }
  }

  /** Sends an empty list, to see whether it is heard. */
  readonly probe = (): void => {
    if (this.outlet !== undefined && this.keptEvents === 0) this.dispatch(nothing, batches, 0)
  }

  readonly flush: Effect.Effect<void> = Effect.suspend(() => {
    this.close()
    return this.outlet === undefined ? Effect.void : this.underWay.idle
  })

  private readonly flushNow = (): void => {
    this.isFlushing = false
    if (this.outlet !== undefined) this.close()
  }

  /** What was put together goes. */
  private close(): void {
    const { count } = this.batch
    if (count > 0) this.dispatch(this.batch.take(), batches, count)
  }

  private dispatch(json: Uint8Array, routingKey: string, events: number): void {
    const parcel = this.pack(json, routingKey, events)
    if (parcel === undefined) return
    if (this.outlet !== undefined && this.keptEvents === 0 && this.hasRoom) return this.hand(parcel, this.outlet)
    MutableList.append(this.kept, parcel)
    this.count(parcel, 1)
    this.drain()
    while (this.keptEvents > this.limits.events || this.keptBytes > this.limits.bytes) this.drop()
  }

  /** A broker that takes nothing is given no more than what would be kept without it. */
  private get hasRoom(): boolean {
    return this.bytesUnderWay < this.limits.bytes
  }

  private drain(): void {
    if (this.returned.length > 0 && this.outlet !== undefined) {
      MutableList.prependAll(this.kept, this.returned)
      this.returned = []
    }
    while (this.outlet !== undefined && this.hasRoom && this.returned.length === 0) {
      const parcel = MutableList.take(this.kept)
      if (parcel === MutableList.Empty) return
      this.count(parcel, -1)
      this.hand(parcel, this.outlet)
    }
  }

  private pack(json: Uint8Array, routingKey: string, events: number): Parcel | undefined {
    try {
      const { body, properties } = this.write(json)
      if (body !== json) this.batch.returned(json)
      if (properties !== this.written) {
        this.written = properties
        this.properties = { ...properties, deliveryMode: 1, priority: 0 }
      }
      const message = { body, headers: this.headers, properties: this.properties }
      return { message, to: this.addressOf(routingKey), events }
    } catch (error) {
      this.batch.returned(json)
      this.tell(`${events} events could not be written: ${String(error)}`)
      return undefined
    }
  }

  private hand(parcel: Parcel, outlet: Outlet): void {
    const bytes = parcel.message.body.length
    const turn = this.audience?.turn ?? 0
    this.underWay.begin()
    this.bytesUnderWay += bytes
    outlet.publish(parcel.message, parcel.to, (error) => {
      this.bytesUnderWay -= bytes
      if (error !== undefined) this.failed(parcel, error, turn)
      else {
        this.batch.returned(parcel.message.body)
        if (parcel.to.routingKey === batches) this.audience?.heard()
        if (this.keptEvents > 0) this.drain()
      }
      this.underWay.end()
    })
  }

  /** What may have arrived is not sent again: monitors would count it twice. */
  private failed(parcel: Parcel, { reason }: MessagingError, turn: number): void {
    if (reason._tag === "Unroutable") {
      this.batch.returned(parcel.message.body)
      if (parcel.to.routingKey === batches) this.audience?.unheard(turn)
      return
    }
    // It may be in a socket still.
    this.batch.lost(parcel.message.body)
    const isUnsent = reason._tag === "ConnectionLost" || reason._tag === "ChannelClosed" ||
      (reason._tag === "PublishTimedOut" && reason.unsent !== undefined)
    if (isUnsent) {
      this.returned.push(parcel)
      this.count(parcel, 1)
    } else if (reason._tag !== "OutcomeUnknown") this.dropped += parcel.events
  }

  private drop(): void {
    // What came back is older than what was kept.
    const parcel = this.returned.shift() ?? MutableList.take(this.kept)
    if (parcel === MutableList.Empty) return
    this.count(parcel, -1)
    this.batch.lost(parcel.message.body)
    this.dropped += parcel.events
  }

  private count({ events, message }: Parcel, by: 1 | -1): void {
    this.keptEvents += by * events
    this.keptBytes += by * message.body.length
  }

  private addressOf(routingKey: string): Address {
    const known = this.addresses.get(routingKey)
    if (known !== undefined) return known
    const address = { exchange: this.exchange, routingKey }
    if (this.addresses.size < 256) this.addresses.set(routingKey, address)
    return address
  }
}
