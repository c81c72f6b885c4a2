/**
 * Replies on their way from the reply queue to whoever asked, by ticket.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import * as Result from "effect/Result"
import { BoundedMap } from "../BoundedMap.ts"
import * as Content from "../Content.ts"
import type { LogicalClock } from "../LogicalClock.ts"
import type { Reply } from "../Mailbox.ts"
import type { Delivery } from "../Message.ts"
import * as Wire from "./MailboxWire.ts"

/** Of all tickets together that nobody collects. */
const mostUnclaimed = 1_000

/** Is told of replies under a ticket, as somebody collects them. */
type Collecting = (reply: Reply) => void

export class MailboxReplies {
  private readonly clock: LogicalClock["Service"]
  private readonly time: Clock.Clock
  private readonly coding: Content.DecodeOptions
  private readonly collecting = new Map<string, Collecting>()
  /** What came under tickets that nobody collects at the moment: each reply with its ticket, the oldest go first. */
  private readonly unclaimed = new BoundedMap<number, readonly [ticket: string, reply: Reply]>(mostUnclaimed)
  private count = 0

  constructor(clock: LogicalClock["Service"], time: Clock.Clock, coding: Content.DecodeOptions) {
    this.clock = clock
    this.time = time
    this.coding = coding
  }

  /** What comes under the ticket from now on, and what has come before. */
  open(ticket: string, collect: Collecting): void {
    this.collecting.set(ticket, collect)
    for (const reply of this.claim(ticket)) collect(reply)
  }

  close(ticket: string, collect: Collecting): void {
    if (this.collecting.get(ticket) === collect) this.collecting.delete(ticket)
  }

  /** Called for each message of the reply queue. Anybody may write to it: what is no reply is dropped. */
  readonly receive = (delivery: Delivery): void => {
    this.clock.adjust(Wire.numberOf(delivery.headers, "clock") ?? 0)
    if (Wire.secondsPast(delivery.headers, this.time.currentTimeMillisUnsafe()) > 0) return
    const body = Content.decode(delivery, this.coding)
    if (Result.isFailure(body)) return
    const ticket = this.ticketOf(delivery.headers["ticket"])
    if (ticket === undefined) return
    const collect = this.collecting.get(ticket)
    for (const reply of Wire.readReplies(body.success)) {
      if (collect === undefined) this.unclaimed.set(this.count++, [ticket, reply])
      else collect(reply)
    }
  }

  /** Nodes of old write none: whoever asks alone is meant. */
  private ticketOf(header: unknown): string | undefined {
    if (typeof header === "string") return header
    const [only, ...others] = this.collecting.keys()
    return others.length === 0 ? only : undefined
  }

  private claim(ticket: string): ReadonlyArray<Reply> {
    const claimed: Array<Reply> = []
    for (let at = this.count - this.unclaimed.size; at < this.count; at++) {
      const entry = this.unclaimed.get(at)
      if (entry?.[0] !== ticket) continue
      this.unclaimed.set(at, ["", entry[1]])
      claimed.push(entry[1])
    }
    return claimed
  }
}
