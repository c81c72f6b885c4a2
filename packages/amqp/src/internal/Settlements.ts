/**
 * The deliveries of one channel that are not settled yet.
 *
 * Acks and requeues are collected while a turn of the event loop lasts, and then
 * written as few frames: one with `multiple` for each run of the same kind from
 * the oldest delivery on, and one for each of the others. (A thousand messages
 * that go back one by one take a broker seconds, for each is put in its place;
 * together they are a matter of milliseconds.) Rejections are written at once.
 * What is `multiple` settles everything at or below its tag, so its tag is always
 * one that is itself outstanding, and below it nothing is.
 *
 * A delivery that stays open while many others come and go is left behind: it is
 * remembered by itself, and what is said of all others takes no more room.
 *
 * @since 0.1.0
 */
import type { Settlement, SettleOutcome } from "@celeriac/messaging/Message"

/** How settlements reach the broker. */
interface SettlementWire {
  readonly ack: (tag: number, multiple: boolean) => void
  readonly requeue: (tag: number, multiple: boolean) => void
  readonly reject: (tag: number) => void
  /** Ask for `flush` to be called at the end of this turn. */
  readonly schedule: () => void
}

const Open = 0
const Acked = 1
const Done = 2
const Requeued = 3

/** Beyond so many, those that are open are left behind if they are few. */
const manyStates = 65_536

/** What is open is few when it is not even this part of all. */
const fewPart = 1 / 16

export class Settlements {
  readonly #wire: SettlementWire
  /** Acked or requeued in this turn, in the order of settlement. */
  readonly #collected: Array<number> = []
  /** State by tag: a ring whose size is a power of two. */
  #states = new Uint8Array(64)
  /** The oldest tag that may be open, but for those behind; every other tag below is done. */
  #base = 1
  /** One above the newest tag. */
  #next = 1
  #open = 0
  /** Open, and below the base: while there are any, nothing may be `multiple`. */
  readonly #behind = new Set<number>()
  #closed = false

  constructor(wire: SettlementWire) {
    this.#wire = wire
  }

  /** The channel is gone. */
  get isClosed(): boolean {
    return this.#closed
  }

  /** How many deliveries are neither acked nor rejected. */
  get outstanding(): number {
    return this.#open
  }

  /** How many states there is room for. */
  get room(): number {
    return this.#states.length
  }

  /** The broker handed over `tag`; it expects nothing when `noAck`. */
  delivered(tag: number, noAck: boolean): void {
    if (this.#base === this.#next) this.#base = tag
    if (tag - this.#base >= this.#states.length) this.#makeRoom(tag)
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
    if (tag < this.#base && this.#behind.delete(tag)) this.#write(tag, settlement)
    else if (settlement === "reject") {
      this.#states[tag & (this.#states.length - 1)] = Done
      this.#wire.reject(tag)
    } else {
      this.#states[tag & (this.#states.length - 1)] = settlement === "ack" ? Acked : Requeued
      if (this.#collected.push(tag) === 1) this.#wire.schedule()
    }
    return "settled"
  }

  /** Writes what was collected. */
  flush(): void {
    const collected = this.#collected
    if (collected.length === 0 || this.#closed) return
    const written = this.#behind.size === 0 ? this.#flushRuns() : 0
    if (written < collected.length) {
      const mask = this.#states.length - 1
      for (let i = 0; i < collected.length; i++) {
        const tag = collected[i]!
        if (tag < this.#base) continue
        const isAck = this.#states[tag & mask] === Acked
        this.#states[tag & mask] = Done
        this.#write(tag, isAck ? "ack" : "requeue")
      }
    }
    collected.length = 0
  }

  /** The channel is gone: the broker will deliver again what was not settled. */
  close(): void {
    this.#closed = true
    this.#collected.length = 0
    this.#behind.clear()
  }

  /** From the oldest on, up to what is open. Gives how many were written. */
  #flushRuns(): number {
    const mask = this.#states.length - 1
    const next = this.#next
    let written = 0
    let base = this.#base
    while (base < next) {
      const kind = this.#states[base & mask]
      if (kind === Open) break
      let top = 0
      let count = 0
      for (; base < next; base++) {
        const state = this.#states[base & mask]
        if (state === kind) {
          top = base
          count++
        } else if (state !== Done) break
      }
      if (kind === Done) continue
      written += count
      if (kind === Acked) this.#wire.ack(top, count > 1)
      else this.#wire.requeue(top, count > 1)
    }
    this.#base = base
    return written
  }

  #write(tag: number, settlement: Settlement): void {
    if (settlement === "ack") this.#wire.ack(tag, false)
    else if (settlement === "requeue") this.#wire.requeue(tag, false)
    else this.#wire.reject(tag)
  }

  #makeRoom(tag: number): void {
    if (this.#states.length >= manyStates && this.#open < this.#states.length * fewPart) this.#leaveBehind()
    let size = this.#states.length
    while (tag - this.#base >= size) size *= 2
    if (size === this.#states.length) return
    const grown = new Uint8Array(size)
    for (let at = this.#base; at < this.#next; at++) {
      grown[at & (size - 1)] = this.#states[at & (this.#states.length - 1)]!
    }
    this.#states = grown
  }

  /** Up to what was settled in this turn, and is to be written. */
  #leaveBehind(): void {
    const mask = this.#states.length - 1
    let base = this.#base
    for (; base < this.#next; base++) {
      const state = this.#states[base & mask]
      if (state === Open) this.#behind.add(base)
      else if (state !== Done) break
    }
    this.#base = base
  }
}
