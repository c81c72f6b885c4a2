/**
 * What has come before: so many seals, the latest, by which a copy of a message
 * is known.
 *
 * A message that the broker hands out a second time is none: it says so of
 * itself, or the first delivery of it was lost before it was settled.
 *
 * @since 0.1.0
 */
import { BoundedMap } from "../../BoundedMap.ts"
import type { Delivery } from "../../Message.ts"

/** So many are known: 100,000 are some 15 MB. */
const most = 100_000

/** So many of those that are not settled are looked at for each that comes. */
const steps = 4

export class ReplayGuard {
  private readonly done: BoundedMap<string, true>
  /** Their deliveries are somebody's anyway. */
  private readonly open = new Map<string, Delivery>()

  constructor(capacity = most) {
    this.done = new BoundedMap(capacity)
  }

  /** Whether it is a copy; from now on it is known. */
  isCopy(id: string, delivery: Delivery): boolean {
    this.tidy()
    const before = this.open.get(id)
    const isKnown = before === undefined ? this.done.has(id) : !isLost(before)
    if (isKnown && !delivery.redelivered) return true
    this.open.delete(id)
    this.open.set(id, delivery)
    return false
  }

  /** Oldest first: what is settled needs its delivery no more, what waits for long goes behind. */
  private tidy(): void {
    let left = steps
    for (const [id, delivery] of this.open) {
      if (left-- === 0) return
      this.open.delete(id)
      if (delivery.settlement !== undefined) this.done.set(id, true)
      else if (!delivery.isLost) this.open.set(id, delivery)
    }
  }
}

const isLost = (delivery: Delivery): boolean => delivery.isLost && delivery.settlement === undefined
