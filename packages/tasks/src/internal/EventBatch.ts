/**
 * A list of events, written as they come: into memory that many lists share, so
 * that neither texts nor small buffers are left for the garbage collector.
 */

/** What is set aside at a time. */
const slabSize = 16_384

export class EventBatch {
  private slab = Buffer.allocUnsafe(0)
  private start = 0
  private end = 0
  /** How many events are in it. */
  count = 0

  /** Adds an event, as JSON. */
  add(text: string): void {
    // A character is three bytes at most, and brackets are two.
    const most = text.length * 3 + 2
    if (this.end + most > this.slab.length) this.makeRoom(most)
    this.slab[this.end++] = this.count === 0 ? bracket : comma
    this.end += this.slab.write(text, this.end, "utf8")
    this.count++
  }

  /** The list, which nothing is written to any more. */
  take(): Uint8Array {
    this.slab[this.end++] = closing
    const body = this.slab.subarray(this.start, this.end)
    this.start = this.end
    this.count = 0
    return body
  }

  /** What is in the list goes with it. */
  private makeRoom(bytes: number): void {
    const written = this.slab.subarray(this.start, this.end)
    const slab = Buffer.allocUnsafe(Math.max(slabSize, written.length + bytes))
    written.copy(slab)
    this.slab = slab
    this.start = 0
    this.end = written.length
  }
}

const bracket = 0x5b
const comma = 0x2c
const closing = 0x5d
