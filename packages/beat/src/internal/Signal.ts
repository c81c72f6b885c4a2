/** A value that is waited for to be another one. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"

export class Signal<A> {
  #value: A
  #changed = Deferred.makeUnsafe<void>()

  constructor(value: A) {
    this.#value = value
  }

  set(value: A): void {
    this.#value = value
    const changed = this.#changed
    this.#changed = Deferred.makeUnsafe()
    Deferred.doneUnsafe(changed, Effect.void)
  }

  /** Waits until it is another than this one. */
  differs(known: A): Effect.Effect<void> {
    return Effect.suspend(() =>
      this.#value === known ? Effect.andThen(Deferred.await(this.#changed), this.differs(known)) : Effect.void
    )
  }
}
