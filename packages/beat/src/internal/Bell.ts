/** Rung by one, waited for by another: however often it rings before, whoever waits is woken once. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"

export class Bell {
  #rung = Deferred.makeUnsafe<void>()

  ring(): void {
    Deferred.doneUnsafe(this.#rung, Effect.void)
  }

  /** Waits until it rings, or has since the last time. */
  readonly wait: Effect.Effect<void> = Effect.suspend(() =>
    Effect.andThen(
      Deferred.await(this.#rung),
      Effect.sync(() => {
        this.#rung = Deferred.makeUnsafe()
      })
    )
  )
}
