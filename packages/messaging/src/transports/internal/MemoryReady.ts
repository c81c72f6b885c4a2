/**
 * The messages of a queue that wait to be delivered: a ring buffer for each
 * priority, ordered by the position at which messages came in.
 *
 * @since 0.1.0
 */
import type { Message } from "../../Message.ts"

/** A message in one queue. */
export interface Entry {
  readonly message: Message
  readonly exchange: string
  readonly routingKey: string
  /** Grows with every message of the queue; a message that comes back keeps its own. */
  readonly position: number
  readonly priority: number
  /** Milliseconds since the epoch; infinite without a time to live. */
  readonly expiresAt: number
  redelivered: boolean
}

export class Ready {
  private readonly levels: Array<Ring>
  /** No level above this one holds anything. */
  private top = 0
  length = 0
  /** Of the bodies. */
  bytes = 0

  constructor(maxPriority: number) {
    this.levels = Array.from({ length: maxPriority + 1 }, () => new Ring())
  }

  insert(entry: Entry): void {
    this.levels[entry.priority]!.insert(entry)
    if (entry.priority > this.top) this.top = entry.priority
    this.length++
    this.bytes += entry.message.body.length
  }

  peek(): Entry | undefined {
    return this.head()?.first()
  }

  shift(): Entry | undefined {
    const entry = this.head()?.shift()
    if (entry !== undefined) this.forget(entry)
    return entry
  }

  /** Takes out what expired, as far as it stands at the head of its priority; the time when the next head will. */
  expire(isDue: (at: number) => boolean, onExpired: (entry: Entry) => void): number {
    let next = Infinity
    for (let priority = this.top; priority >= 0; priority--) {
      const level = this.levels[priority]!
      for (let first = level.first(); first !== undefined; first = level.first()) {
        if (!isDue(first.expiresAt)) {
          if (first.expiresAt < next) next = first.expiresAt
          break
        }
        level.shift()
        this.forget(first)
        onExpired(first)
      }
    }
    return next
  }

  /** How many went. */
  clear(): number {
    const { length } = this
    for (const level of this.levels) level.clear()
    this.length = 0
    this.bytes = 0
    this.top = 0
    return length
  }

  private head(): Ring | undefined {
    if (this.length === 0) return undefined
    while (this.top > 0 && this.levels[this.top]!.length === 0) this.top--
    return this.levels[this.top]
  }

  private forget(entry: Entry): void {
    this.length--
    this.bytes -= entry.message.body.length
  }
}

/** A deque ordered by position: cheap at both ends, where nearly everything happens. */
class Ring {
  private items: Array<Entry | undefined> = []
  private start = 0
  length = 0

  first(): Entry | undefined {
    return this.length === 0 ? undefined : this.items[this.start]
  }

  shift(): Entry | undefined {
    if (this.length === 0) return undefined
    const entry = this.items[this.start]
    this.items[this.start] = undefined
    this.start = (this.start + 1) & (this.items.length - 1)
    this.length--
    return entry
  }

  insert(entry: Entry): void {
    if (this.length === this.items.length) this.grow()
    const mask = this.items.length - 1
    let low = 0
    if (this.length > 0 && this.at(this.length - 1).position < entry.position) low = this.length
    else {
      let high = this.length
      while (low < high) {
        const middle = (low + high) >> 1
        if (this.at(middle).position < entry.position) low = middle + 1
        else high = middle
      }
    }
    if (low < this.length / 2) {
      this.start = (this.start - 1) & mask
      for (let index = 0; index < low; index++) {
        this.items[(this.start + index) & mask] = this.items[(this.start + index + 1) & mask]
      }
    } else {
      for (let index = this.length; index > low; index--) {
        this.items[(this.start + index) & mask] = this.items[(this.start + index - 1) & mask]
      }
    }
    this.items[(this.start + low) & mask] = entry
    this.length++
  }

  clear(): void {
    this.items = []
    this.start = 0
    this.length = 0
  }

  private at(index: number): Entry {
    return this.items[(this.start + index) & (this.items.length - 1)]!
  }

  /** The size is a power of two, so that a mask wraps around. */
  private grow(): void {
    const items = new Array<Entry | undefined>(Math.max(8, this.items.length * 2)).fill(undefined)
    for (let index = 0; index < this.length; index++) items[index] = this.at(index)
    this.items = items
    this.start = 0
  }
}
