/**
 * Events in the order in which they happened, as far as anybody knows: by the
 * logical clock where both have one, else by time; of equal clocks by who sent
 * them. The oldest go when there are too many.
 *
 * Celery's `timetuple`, and the list that its state keeps of them: an insertion
 * is a search, since nearly all come in their order.
 */

/** When something was told, and of what. */
interface Told<out A> {
  readonly clock: number | undefined
  readonly timestamp: number
  /** Who told. */
  readonly origin: string
  readonly about: A
}

/** Whether one comes before the other. */
const isBefore = (one: Told<unknown>, other: Told<unknown>): boolean => {
  if (one.clock && other.clock) {
    return one.clock === other.clock ? one.origin < other.origin : one.clock < other.clock
  }
  return one.timestamp < other.timestamp
}

/** What was taken from the front of the list and is still in it, at most. */
const slack = 1024

export class EventOrder<A> {
  private readonly limit: number
  private list: Array<Told<A>> = []
  private head = 0

  constructor(limit: number) {
    this.limit = limit
  }

  get size(): number {
    return this.list.length - this.head
  }

  add(told: Told<A>): void {
    if (this.size + 1 > this.limit) this.dropFirst()
    const { list } = this
    if (this.size > 0 && isBefore(list[list.length - 1]!, told)) {
      list.push(told)
      return
    }
    let low = this.head
    let high = list.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (isBefore(told, list[middle]!)) high = middle
      else low = middle + 1
    }
    list.splice(low, 0, told)
  }

  clear(): void {
    this.list = []
    this.head = 0
  }

  /** What was told last comes first. */
  *latest(): Generator<A> {
    for (let i = this.list.length - 1; i >= this.head; i--) yield this.list[i]!.about
  }

  /** What was told first comes first. */
  *earliest(): Generator<A> {
    for (let i = this.head; i < this.list.length; i++) yield this.list[i]!.about
  }

  private dropFirst(): void {
    if (this.size === 0) return
    this.head++
    if (this.head <= slack) return
    this.list = this.list.slice(this.head)
    this.head = 0
  }
}
