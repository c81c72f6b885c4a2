/**
 * What is due when: a binary heap of timed calls.
 *
 * The `Timer` bootstep sleeps until the head of this queue is due and runs it;
 * the ETA of a task, a rate limit's wake-up and a user's `callRepeatedly` are
 * entries here. The heap knows no clock and runs nothing itself.
 *
 * Order is by time, then priority (lower first, as Celery's timer has it), then
 * age. An entry costs about 100 bytes; a million are entered in well under a
 * second.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"

/** A call that is due at a time. */
export class TimerEntry {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly priority: number
  readonly sequence: number
  readonly call: Effect.Effect<unknown, unknown>
  cancelled = false
  private readonly queue: TimerQueue

  constructor(
    queue: TimerQueue,
    at: number,
    priority: number,
    sequence: number,
    call: Effect.Effect<unknown, unknown>
  ) {
    this.queue = queue
    this.at = at
    this.priority = priority
    this.sequence = sequence
    this.call = call
  }

  /** Never run it. Has no effect on a call that already ran. */
  cancel(): void {
    if (this.cancelled) return
    this.cancelled = true
    this.queue.forget()
  }
}

/** Cancelled entries stay in the heap until they surface, or until they are most of it. */
const compactAbove = 1024

export class TimerQueue {
  private heap: Array<TimerEntry> = []
  private sequence = 0
  private cancelled = 0
  /** Called when the head of the queue is due earlier than before: wake the sleeper. */
  onEarlier: () => void = () => {}

  /** How many calls are still to come. */
  get size(): number {
    return this.heap.length - this.cancelled
  }

  enter(at: number, call: Effect.Effect<unknown, unknown>, priority = 0): TimerEntry {
    const entry = new TimerEntry(this, at, priority, this.sequence++, call)
    this.heap.push(entry)
    if (siftUp(this.heap, this.heap.length - 1) === 0) this.onEarlier()
    return entry
  }

  /** The next call, however far away. */
  peek(): TimerEntry | undefined {
    while (this.heap.length > 0 && this.heap[0]!.cancelled) {
      removeHead(this.heap)
      this.cancelled--
    }
    return this.heap[0]
  }

  /** Takes the next call out, if it is due at `now`. */
  popDue(now: number): TimerEntry | undefined {
    const head = this.peek()
    if (head === undefined || head.at > now) return undefined
    removeHead(this.heap)
    // Whoever cancels it from now on must not be counted: it is not in the heap any more.
    head.cancelled = true
    return head
  }

  /** Every call still to come, in the order they are due. */
  snapshot(): ReadonlyArray<TimerEntry> {
    return this.heap.filter((entry) => !entry.cancelled).sort(compare)
  }

  clear(): void {
    for (const entry of this.heap) entry.cancelled = true
    this.heap = []
    this.cancelled = 0
  }

  /** An entry of the heap was cancelled. */
  forget(): void {
    this.cancelled++
    if (this.cancelled > compactAbove && this.cancelled * 2 > this.heap.length) {
      this.heap = this.heap.filter((entry) => !entry.cancelled)
      this.cancelled = 0
      for (let i = (this.heap.length >> 1) - 1; i >= 0; i--) siftDown(this.heap, i)
    }
  }
}

const compare = (a: TimerEntry, b: TimerEntry): number =>
  a.at - b.at || a.priority - b.priority || a.sequence - b.sequence

const siftUp = (heap: Array<TimerEntry>, from: number): number => {
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

const siftDown = (heap: Array<TimerEntry>, from: number): void => {
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

const removeHead = (heap: Array<TimerEntry>): void => {
  const last = heap.pop()!
  if (heap.length > 0) {
    heap[0] = last
    siftDown(heap, 0)
  }
}
