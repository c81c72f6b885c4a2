/**
 * The deliveries of one channel that are not settled yet.
 *
 * Acks are collected while a turn of the event loop lasts, and then written as
 * few frames: one `ack(multiple)` for those that end the oldest run of settled
 * deliveries, and one ack for each of the others. Rejections and requeues are
 * written at once. A `multiple` ack settles everything at or below its tag,
 * so its tag is always one that is itself outstanding, and below it nothing is.
 *
 * @since 0.1.0
 */
import type { Settlement, SettleOutcome } from "@celeriac/messaging/Message"

/** How settlements reach the broker. */
interface SettlementWire {
  readonly ack: (tag: number, multiple: boolean) => void
  readonly reject: (tag: number, requeue: boolean) => void
  /** Ask for `flush` to be called at the end of this turn. */
  readonly schedule: () => void
}

const Open = 0
const Acked = 1
const Done = 2

export class Settlements {
  readonly #wire: SettlementWire
  /** Acked in this turn, in the order of settlement. */
  readonly #acked: Array<number> = []
  /** State by tag: a ring whose size is a power of two. */
  #states = new Uint8Array(64)
  /** The oldest tag that may be open; every tag below is done. */
  #base = 1
  /** One above the newest tag. */
  #next = 1
  #open = 0
  #closed = false

  constructor(wire: SettlementWire) {
    this.#wire = wire
  }

  /** How many deliveries are neither acked nor rejected. */
  get outstanding(): number {
    return this.#open
  }

  /** The broker handed over `tag`; it expects nothing when `noAck`. */
  delivered(tag: number, noAck: boolean): void {
    if (this.#base === this.#next) this.#base = tag
    if (tag - this.#base >= this.#states.length) this.#grow(tag)
    for (let gap = this.#next; gap < tag; gap++) {
      if (gap >= this.#base) this.#states[gap & (this.#states.length - 1)] = Done
    }
    this.#states[tag & (this.#states.length - 1)] = noAck ? Done : Open
    this.#next = tag + 1
    if (!noAck) this.#open++
  }

  /** `tag` is settled for the first time. */
  settle(tag: number, settlement: Settlement): SettleOutcome {
    if (this.#closed) return "stale"
    this.#open--
    const slot = tag & (this.#states.length - 1)
    if (settlement === "ack") {
      this.#states[slot] = Acked
      if (this.#acked.push(tag) === 1) this.#wire.schedule()
    } else {
      this.#states[slot] = Done
      this.#wire.reject(tag, settlement === "requeue")
    }
    return "settled"
  }

  /** Writes the acks that were collected. */
  flush(): void {
    const acked = this.#acked
    if (acked.length === 0 || this.#closed) return
    const mask = this.#states.length - 1
    let top = 0
    let count = 0
    let base = this.#base
    for (; base < this.#next; base++) {
      const state = this.#states[base & mask]
      if (state === Open) break
      if (state === Acked) {
        top = base
        count++
      }
    }
    this.#base = base
    if (count > 0) this.#wire.ack(top, count > 1)
    if (acked.length > count) {
      for (let i = 0; i < acked.length; i++) {
        const tag = acked[i]!
        if (tag < base) continue
        this.#states[tag & mask] = Done
        this.#wire.ack(tag, false)
      }
    }
    acked.length = 0
  }

  /** The channel is gone: the broker will deliver again what was not settled. */
  close(): void {
    this.#closed = true
    this.#acked.length = 0
  }

  #grow(tag: number): void {
    let size = this.#states.length
    while (tag - this.#base >= size) size *= 2
    const grown = new Uint8Array(size)
    for (let at = this.#base; at < this.#next; at++) {
      grown[at & (size - 1)] = this.#states[at & (this.#states.length - 1)]!
    }
    this.#states = grown
  }
}
