/**
 * What is due when: a binary heap of timed entries.
 *
 * An entry is a plain function, or whatever else its user hands out when the
 * time has come: it costs no fiber while it waits. The heap knows no clock and
 * runs nothing itself; one sleeper waits for its head, and is told when the head
 * is due earlier than before. The in-memory broker's timers and the worker's are
 * such sleepers.
 *
 * Order is by time, then priority (lower first, as Celery's timer has it), then
 * age. An entry costs about 80 bytes; a million are entered in well under a
 * second. A cancelled entry stays until it surfaces, or until such are most of
 * the heap.
 *
 * @since 0.1.0
 */

/** Something that is due at a time. */
export class Entry<out A = () => void> {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly priority: number
  readonly sequence: number
  readonly call: A
  /** Whether it was cancelled, or handed out. */
  cancelled = false
  readonly #forget: () => void

  constructor(at: number, priority: number, sequence: number, call: A, forget: () => void) {
    this.at = at
    this.priority = priority
    this.sequence = sequence
    this.call = call
    this.#forget = forget
  }

  /** Never hand it out. Has no effect on one that was. */
  cancel(): void {
    if (this.cancelled) return
    this.cancelled = true
    this.#forget()
  }
}

/** Cancelled entries that are fewer are left where they are. */
const compactAbove = 64

export class TimerHeap<A = () => void> {
  #heap: Array<Entry<A>> = []
  #sequence = 0
  #cancelled = 0
  /** Called when the head is due earlier than before: wake the sleeper. */
  onEarlier: () => void = () => {}

  /** How many are still to come. */
  get size(): number {
    return this.#heap.length - this.#cancelled
  }

  enter(at: number, call: A, priority = 0): Entry<A> {
    const entry = new Entry(at, priority, this.#sequence++, call, this.#forget)
    this.#heap.push(entry)
    if (siftUp(this.#heap, this.#heap.length - 1) === 0) this.onEarlier()
    return entry
  }

  /** The next, however far away. */
  peek(): Entry<A> | undefined {
    const heap = this.#heap
    while (heap.length > 0 && heap[0]!.cancelled) {
      removeHead(heap)
      this.#cancelled--
    }
    return heap[0]
  }

  /** Takes the next out, if it is due at `now`. */
  popDue(now: number): Entry<A> | undefined {
    const head = this.peek()
    if (head === undefined || head.at > now) return undefined
    removeHead(this.#heap)
    // Whoever cancels it from now on must not be counted: it is not in the heap any more.
    head.cancelled = true
    return head
  }

  /** All that are still to come, in the order in which they are due. */
  snapshot(): ReadonlyArray<Entry<A>> {
    return this.#heap.filter((entry) => !entry.cancelled).sort(compare)
  }

  clear(): void {
    for (const entry of this.#heap) entry.cancelled = true
    this.#heap = []
    this.#cancelled = 0
  }

  /** An entry of the heap was cancelled. */
  readonly #forget = (): void => {
    this.#cancelled++
    if (this.#cancelled > compactAbove && this.#cancelled * 2 > this.#heap.length) {
      this.#heap = this.#heap.filter((entry) => !entry.cancelled)
      this.#cancelled = 0
      for (let i = (this.#heap.length >> 1) - 1; i >= 0; i--) siftDown(this.#heap, i)
    }
  }
}

type Timed = Entry<unknown>

const compare = (a: Timed, b: Timed): number => a.at - b.at || a.priority - b.priority || a.sequence - b.sequence

const siftUp = <E extends Timed>(heap: Array<E>, from: number): number => {
  const entry = heap[from]!
  let index = from
  while (index > 0) {
    const parent = (index - 1) >> 1
    if (compare(entry, heap[parent]!) >= 0) break
    heap[index] = heap[parent]!
    index = parent
  }
  heap[index] = entry
  return index
}

const siftDown = <E extends Timed>(heap: Array<E>, from: number): void => {
  const entry = heap[from]!
  const half = heap.length >> 1
  let index = from
  while (index < half) {
    let child = 2 * index + 1
    if (child + 1 < heap.length && compare(heap[child + 1]!, heap[child]!) < 0) child++
    if (compare(entry, heap[child]!) <= 0) break
    heap[index] = heap[child]!
    index = child
  }
  heap[index] = entry
}

const removeHead = <E extends Timed>(heap: Array<E>): void => {
  const last = heap.pop()!
  if (heap.length > 0) {
    heap[0] = last
    siftDown(heap, 0)
  }
}
