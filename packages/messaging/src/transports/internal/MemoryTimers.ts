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
import { type Entry, TimerHeap } from "../../TimerHeap.ts"

export type Timer = Entry

export class Timers {
  private readonly clock: Clock.Clock
  private readonly fork: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
  private readonly heap = new TimerHeap()
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
    return this.heap.size
  }

  schedule(at: number, run: () => void): Timer {
    const timer = this.heap.enter(at, run)
    if (!this.firing && at < this.sleepsUntil) this.sleep()
    return timer
  }

  after(millis: number, run: () => void): Timer {
    return this.schedule(this.now() + millis, run)
  }

  cancel(timer: Timer | undefined): void {
    timer?.cancel()
    if (this.heap.size > 0 || this.firing) return
    this.heap.clear()
    this.wake()
  }

  stop(): void {
    this.stopped = true
    this.heap.clear()
    this.wake()
  }

  private wake(): void {
    this.sleeper?.interruptUnsafe()
    this.sleeper = undefined
    this.sleepsUntil = Infinity
  }

  private sleep(): void {
    this.wake()
    const first = this.heap.peek()
    if (this.stopped || first === undefined) return
    this.sleepsUntil = first.at
    this.sleeper = this.fork(this.loop)
  }

  private readonly loop: Effect.Effect<void> = Effect.suspend(() => {
    const wait = Math.max(this.sleepsUntil - this.now(), 0)
    return Effect.flatMap(this.clock.sleep(Duration.millis(wait)), () => {
      this.fire()
      const first = this.heap.peek()
      if (first === undefined) {
        this.sleeper = undefined
        this.sleepsUntil = Infinity
        return Effect.void
      }
      this.sleepsUntil = first.at
      return this.loop
    })
  })

  private fire(): void {
    this.firing = true
    try {
      const now = this.now()
      for (let due = this.heap.popDue(now); due !== undefined; due = this.heap.popDue(now)) due.call()
    } finally {
      this.firing = false
    }
  }
}
