/**
 * What a task has to do when what came of it is stored, in a pool of fibers: it
 * has the slot of its run until then.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { Outcome } from "../trace/Outcome.ts"
import type { After } from "./Pool.ts"

/** What the pool has to do with it. */
export interface Slot {
  /** What is to be done, if anything is. */
  readonly hooks: (outcome: Outcome) => Effect.Effect<void> | undefined
  /** It waits: whoever interrupts the task interrupts this. */
  readonly waits: (fiber: Fiber.Fiber<void>, then: () => void) => void
  readonly free: () => void
}

export class FiberAfter implements After {
  private readonly slot: Slot
  private isReleased = false

  constructor(slot: Slot) {
    this.slot = slot
  }

  readonly run = (outcome: Outcome, then: () => void): void => {
    const end = (): void => {
      try {
        then()
      } finally {
        this.release()
      }
    }
    const effect = this.slot.hooks(outcome)
    if (effect === undefined) return end()
    const fiber = Effect.runFork(effect)
    if (fiber.pollUnsafe() !== undefined) return end()
    this.slot.waits(fiber, end)
  }

  readonly release = (): void => {
    if (this.isReleased) return
    this.isReleased = true
    this.slot.free()
  }
}
