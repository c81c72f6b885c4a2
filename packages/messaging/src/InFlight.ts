/**
 * How many of something are under way, and a way to wait until none is.
 *
 * Counting costs two additions; nothing is made before somebody waits.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"

export class InFlight {
  #count = 0
  #whenIdle: Deferred.Deferred<void> | undefined

  get count(): number {
    return this.#count
  }

  begin(): void {
    this.#count++
  }

  end(): void {
    if (--this.#count > 0 || this.#whenIdle === undefined) return
    const waited = this.#whenIdle
    this.#whenIdle = undefined
    Deferred.doneUnsafe(waited, Exit.void)
  }

  /** Succeeds as soon as none is under way; others may be again by the time it is read. */
  readonly idle: Effect.Effect<void> = Effect.suspend(() =>
    this.#count === 0 ? Effect.void : Deferred.await(this.#whenIdle ??= Deferred.makeUnsafe<void>())
  )
}
