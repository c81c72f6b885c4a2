/** A clock that a test moves, for what is due tomorrow: whoever sleeps by it until then wakes when it is moved there. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

export class MovedClock {
  private offset = 0
  private readonly sleepers = new Set<() => void>()

  /** Forward. */
  move(by: Duration.Input): void {
    this.offset += Duration.toMillis(by)
    for (const wake of Array.from(this.sleepers)) wake()
  }

  /** The clock of this process, and what it was moved by. */
  readonly provide = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.clockWith((clock) => Effect.provideService(effect, Clock.Clock, this.over(clock)))

  private over(clock: Clock.Clock): Clock.Clock {
    const nanos = () => BigInt(this.offset) * 1_000_000n
    const sleepUntil = (at: number): Effect.Effect<void> =>
      Effect.suspend(() => {
        const rest = at - clock.currentTimeMillisUnsafe() - this.offset
        return rest <= 0
          ? Effect.void
          : Effect.andThen(Effect.raceFirst(clock.sleep(Duration.millis(rest)), this.moved), sleepUntil(at))
      })
    return {
      currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() + this.offset,
      currentTimeMillis: Effect.map(clock.currentTimeMillis, (now) => now + this.offset),
      currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe() + nanos(),
      currentTimeNanos: Effect.map(clock.currentTimeNanos, (now) => now + nanos()),
      monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe() + nanos(),
      monotonicTimeNanos: Effect.map(clock.monotonicTimeNanos, (now) => now + nanos()),
      sleep: (duration) =>
        Effect.suspend(() => sleepUntil(clock.currentTimeMillisUnsafe() + this.offset + Duration.toMillis(duration)))
    }
  }

  private readonly moved: Effect.Effect<void> = Effect.callback((resume) => {
    const wake = () => {
      this.sleepers.delete(wake)
      resume(Effect.void)
    }
    this.sleepers.add(wake)
    return Effect.sync(() => void this.sleepers.delete(wake))
  })
}
