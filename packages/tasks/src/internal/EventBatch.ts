/**
 * A list of events as JSON, written byte by byte: into memory that many lists
 * share, so that neither texts nor small buffers are left for the garbage
 * collector.
 *
 * Texts that need no escaping, which is nearly all there are, are copied as they
 * are looked at; what is left is handed to the engine.
 */

/** What is set aside at a time. */
const slabSize = 64 * 1024

/** A list is full when there is less left: most events take less. */
const spare = 1_024

/** So many are in one at most: who hears them takes them one after the other, and others wait. */
const most = 200

export class EventBatch {
  private slab = Buffer.allocUnsafe(0)
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
    if (this.count === 0 && this.slab.length - this.end < 2 * spare) this.renew(0)
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
    if (value >= 0 && value <= 0x7fffffff && (value | 0) === value) return this.whole(value | 0)
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

  private cut(from: number): Uint8Array {
    const body = this.slab.subarray(from, this.end)
    this.start = this.end
    this.count = 0
    return body
  }

  private whole(value: number): void {
    this.makeRoom(mostDigits)
    let digits = 1
    for (let power = 10; digits < mostDigits && value >= power; power *= 10) digits++
    let left = value
    for (let at = this.end + digits - 1; at >= this.end; at--) {
      const rest = (left / 10) | 0
      this.slab[at] = zero + left - rest * 10
      left = rest
    }
    this.end += digits
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
    const slab = Buffer.allocUnsafeSlow(Math.max(slabSize, 2 * (written.length + bytes)))
    written.copy(slab)
    this.slab = slab
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
