/**
 * A value that others follow as it changes.
 *
 * The latest value counts: a follower that is busy sees where things stand when
 * it comes back, and not every step on the way.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"

export class Watched<A> {
  private current: A
  private readonly followers = new Set<Latch.Latch>()

  constructor(initial: A) {
    this.current = initial
  }

  get value(): A {
    return this.current
  }

  /** Setting it to what it is tells nobody. */
  set(value: A): void {
    if (value === this.current) return
    this.current = value
    for (const follower of this.followers) follower.openUnsafe()
  }

  /** Runs `onValue` with the value as it is, and again whenever it has changed. */
  follow<E, R>(onValue: (value: A) => Effect.Effect<void, E, R>): Effect.Effect<never, E, R> {
    return Effect.suspend(() => {
      const changed = Latch.makeUnsafe(true)
      this.followers.add(changed)
      const next = Effect.flatMap(changed.await, () => {
        changed.closeUnsafe()
        return onValue(this.current)
      })
      return Effect.ensuring(Effect.forever(next), Effect.sync(() => this.followers.delete(changed)))
    })
  }
}
