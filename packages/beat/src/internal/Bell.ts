/** Rung by one, waited for by another: however often it rings before, whoever waits is woken once. */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"

export class Bell {
  #isRung = false
  #wake: (() => void) | undefined

  ring(): void {
    if (this.#wake === undefined) this.#isRung = true
    else this.#wake()
  }

  /** Waits until it rings, or has since the last time. */
  readonly wait: Effect.Effect<void> = Effect.callback((resume) => this.#begin(() => resume(Effect.void)))

  /**
   * The same, for so many milliseconds at most. Where it does not ring nothing is
   * interrupted, as a race would do, which costs more than all else of a tick.
   */
  waitAtMost(millis: number, fork: (sleep: Effect.Effect<void>) => Fiber.Fiber<void>): Effect.Effect<void> {
    return Effect.callback((resume) => {
      let leave = () => {}
      const stop = this.#begin(() => {
        leave()
        resume(Effect.void)
      })
      if (this.#wake === undefined) return undefined
      const sleeper = fork(
        Effect.andThen(Effect.sleep(millis), Effect.andThen(stop, Effect.sync(() => resume(Effect.void))))
      )
      leave = () => sleeper.interruptUnsafe()
      return Effect.andThen(stop, Effect.sync(leave))
    })
  }

  /** Gives what ends the waiting. */
  #begin(wake: () => void): Effect.Effect<void> {
    const once = () => {
      this.#wake = undefined
      this.#isRung = false
      wake()
    }
    this.#wake = once
    if (this.#isRung) once()
    return Effect.sync(() => {
      if (this.#wake === once) this.#wake = undefined
    })
  }
}
