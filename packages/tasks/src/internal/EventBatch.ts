/**
 * A list of events as JSON, written byte by byte: into memory that many lists
 * share, and that is written into again, so that neither texts nor buffers are left
 * for the garbage collector.
 *
 * Texts that need no escaping, which is nearly all there are, are copied as they
 * are looked at; what is left is handed to the engine.
 */
import { EventSlabs, type Slab } from "./EventSlabs.ts"

/** A list is full when there is less left: most events take less. */
const spare = 1_024

/** So many are in one at most: who hears them takes them one after the other, and others wait. */
const most = 200

export class EventBatch {
  private readonly slabs = new EventSlabs()
  private whole: Slab = this.slabs.take(0)
  private slab = this.whole.buffer
  private start = 0
  private end = 0
  /** How many events are in it. */
  count = 0

  get isFull(): boolean {
    return this.count >= most || this.slab.length - this.end < spare
  }

  /** Adds an event that is there as JSON. */
  add(text: string): void {
    this.open()
    this.makeRoom(text.length * 3)
    this.end += this.slab.write(text, this.end, "utf8")
  }

  /** Begins an event: what is written from here on is its own. */
  open(): void {
    if (this.count === 0) this.begin()
    this.makeRoom(1)
    this.slab[this.end++] = this.count === 0 ? bracket : comma
    this.count++
  }

  /** JSON, as it is. */
  bytes(json: Uint8Array): void {
    this.makeRoom(json.length)
    this.slab.set(json, this.end)
    this.end += json.length
  }

  /** A text, or null. */
  text(text: string | undefined): void {
    if (text === undefined) return this.bytes(none)
    const { length } = text
    this.makeRoom(length + 2)
    if (length > shortText) return this.escaped(text)
    const { slab } = this
    let at = this.end
    slab[at++] = quote
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      if (code < 0x20 || code > 0x7e || code === quote || code === backslash) return this.escaped(text)
      slab[at++] = code
    }
    slab[at] = quote
    this.end = at + 1
  }

  /** A number that is finite. */
  number(value: number): void {
    if (value >= 0 && value <= 0x7fffffff && (value | 0) === value) return this.digits(value | 0)
    const text = String(value)
    this.makeRoom(text.length)
    this.end += this.slab.write(text, this.end, "latin1")
  }

  /** The list, which nothing is written to any more. */
  take(): Uint8Array {
    this.makeRoom(1)
    this.slab[this.end++] = closing
    return this.cut(this.start)
  }

  /** The only event that is in it, by itself. */
  takeOne(): Uint8Array {
    return this.cut(this.start + 1)
  }

  /** Nobody reads this list any more: its memory is written into again. */
  returned(list: Uint8Array): void {
    this.slabs.returned(list)
  }

  /** Somebody may be reading this list still. */
  lost(list: Uint8Array): void {
    this.slabs.lost(list)
  }

  /** A list, from the beginning of the memory where nothing else is in it. */
  private begin(): void {
    if (this.whole.uses === 0) this.start = this.end = 0
    else if (this.slab.length - this.end < 2 * spare) this.renew(0)
  }

  private cut(from: number): Uint8Array {
    this.slabs.lend(this.whole)
    const body = this.slab.subarray(from, this.end)
    this.start = this.end
    this.count = 0
    return body
  }

  private digits(value: number): void {
    this.makeRoom(mostDigits)
    let count = 1
    for (let power = 10; count < mostDigits && value >= power; power *= 10) count++
    let left = value
    for (let at = this.end + count - 1; at >= this.end; at--) {
      const rest = (left / 10) | 0
      this.slab[at] = zero + left - rest * 10
      left = rest
    }
    this.end += count
  }

  private escaped(text: string): void {
    const json = JSON.stringify(text)
    this.makeRoom(json.length * 3)
    this.end += this.slab.write(json, this.end, "utf8")
  }

  private makeRoom(bytes: number): void {
    if (this.end + bytes > this.slab.length) this.renew(bytes)
  }

  /** What is in the list goes with it. */
  private renew(bytes: number): void {
    const written = this.slab.subarray(this.start, this.end)
    const slab = this.slabs.take(2 * (written.length + bytes))
    written.copy(slab.buffer)
    this.slabs.retire(this.whole)
    this.whole = slab
    this.slab = slab.buffer
    this.start = 0
    this.end = written.length
  }
}

/** A text this short is looked through more quickly than it is handed to the engine. */
const shortText = 64

const none = Buffer.from("null")

/** Of a whole number of 31 bits. */
const mostDigits = 10

const bracket = 0x5b
const comma = 0x2c
const closing = 0x5d
const quote = 0x22
const backslash = 0x5c
const zero = 0x30
