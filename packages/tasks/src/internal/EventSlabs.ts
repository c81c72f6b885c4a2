/**
 * Memory that lists of events are written into: again, when the broker has
 * confirmed all that was in it.
 *
 * It is not the engine's, which lets the collector go through the whole heap when
 * much of such memory comes and goes: it is 700 bytes a task where somebody listens.
 * What may be on its way to the broker still is given up.
 */

/** What is set aside at a time. */
const size = 64 * 1024

/** So many are kept that nobody writes into. */
const mostFree = 16

export interface Slab {
  readonly buffer: Buffer
  /** Parts of it that are under way. */
  uses: number
  /** Nothing is written into it any more. */
  isFull: boolean
}

export class EventSlabs {
  private readonly free: Array<Slab> = []
  private readonly lent = new Map<ArrayBufferLike, Slab>()

  /** One of so many bytes at least. */
  take(bytes: number): Slab {
    const slab = bytes <= size ? this.free.pop() : undefined
    if (slab === undefined) return { buffer: Buffer.allocUnsafeSlow(Math.max(size, bytes)), uses: 0, isFull: false }
    slab.isFull = false
    return slab
  }

  /** A part of it goes. */
  lend(slab: Slab): void {
    if (slab.uses++ === 0) this.lent.set(slab.buffer.buffer, slab)
  }

  /** Nothing is written into it any more, until it is taken again. */
  retire(slab: Slab): void {
    slab.isFull = true
    if (slab.uses === 0) this.keep(slab)
  }

  /** Nobody reads this part any more. */
  returned(part: Uint8Array): void {
    const slab = this.lent.get(part.buffer)
    if (slab === undefined || --slab.uses > 0) return
    this.lent.delete(part.buffer)
    if (slab.isFull) this.keep(slab)
  }

  /** Nobody knows who reads this part, and for how long: what it is in is the collector's. */
  lost(part: Uint8Array): void {
    this.lent.delete(part.buffer)
  }

  private keep(slab: Slab): void {
    if (slab.buffer.length === size && this.free.length < mostFree) this.free.push(slab)
  }
}
