/**
 * Everything that happens later in the in-memory broker: one heap, and one
 * fiber that sleeps until the earliest entry. Nothing waits, no fiber.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"

export interface Timer {
  readonly at: number
  readonly order: number
  /** Undefined once it ran or was cancelled. */
  run: (() => void) | undefined
}

export class Timers {
  private readonly clock: Clock.Clock
  private readonly fork: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
  private heap: Array<Timer> = []
  private waiting = 0
  private order = 0
  private firing = false
  private sleeper: Fiber.Fiber<void> | undefined
  private sleepsUntil = Infinity
  private stopped = false

  constructor(clock: Clock.Clock, fork: (effect: Effect.Effect<void>) => Fiber.Fiber<void>) {
    this.clock = clock
    this.fork = fork
  }

  now(): number {
    return this.clock.currentTimeMillisUnsafe()
  }

  /** How many have neither run nor been cancelled. */
  get size(): number {
    return this.waiting
  }

  schedule(at: number, run: () => void): Timer {
    const timer: Timer = { at, order: this.order++, run }
    this.waiting++
    this.push(timer)
    if (!this.firing && at < this.sleepsUntil) this.sleep()
    return timer
  }

  after(millis: number, run: () => void): Timer {
    return this.schedule(this.now() + millis, run)
  }

  cancel(timer: Timer | undefined): void {
    if (timer?.run === undefined) return
    timer.run = undefined
    this.waiting--
    if (this.waiting === 0) {
      this.heap = []
      if (!this.firing) this.wake()
    } else if (this.heap.length > 64 && this.heap.length > this.waiting * 2) {
      const live = this.heap.filter((timer) => timer.run !== undefined)
      this.heap = []
      for (const timer of live) this.push(timer)
    }
  }

  stop(): void {
    this.stopped = true
    this.heap = []
    this.waiting = 0
    this.wake()
  }

  private wake(): void {
    this.sleeper?.interruptUnsafe()
    this.sleeper = undefined
    this.sleepsUntil = Infinity
  }

  private sleep(): void {
    this.wake()
    if (this.stopped || this.heap.length === 0) return
    this.sleepsUntil = this.heap[0]!.at
    this.sleeper = this.fork(this.loop)
  }

  private readonly loop: Effect.Effect<void> = Effect.suspend(() => {
    const wait = Math.max(this.sleepsUntil - this.now(), 0)
    return Effect.flatMap(this.clock.sleep(Duration.millis(wait)), () => {
      this.fire()
      if (this.heap.length === 0) {
        this.sleeper = undefined
        this.sleepsUntil = Infinity
        return Effect.void
      }
      this.sleepsUntil = this.heap[0]!.at
      return this.loop
    })
  })

  private fire(): void {
    this.firing = true
    try {
      const now = this.now()
      while (this.heap.length > 0 && this.heap[0]!.at <= now) {
        const { run } = this.pop()
        if (run !== undefined) run()
      }
    } finally {
      this.firing = false
    }
  }

  private push(timer: Timer): void {
    const heap = this.heap
    let index = heap.length
    heap.push(timer)
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!isBefore(timer, heap[parent]!)) break
      heap[index] = heap[parent]!
      index = parent
    }
    heap[index] = timer
  }

  /** The earliest timer, taken out; what it returns runs at most once. */
  private pop(): { readonly run: (() => void) | undefined } {
    const heap = this.heap
    const first = heap[0]!
    const last = heap.pop()!
    if (heap.length > 0) {
      let index = 0
      while (true) {
        let child = index * 2 + 1
        if (child >= heap.length) break
        if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
        if (!isBefore(heap[child]!, last)) break
        heap[index] = heap[child]!
        index = child
      }
      heap[index] = last
    }
    const run = first.run
    if (run !== undefined) {
      first.run = undefined
      this.waiting--
    }
    return { run }
  }
}

const isBefore = (a: Timer, b: Timer): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)
