/**
 * Leadership by one word that many can read, and swap for another if it is still the
 * same: in a table, under a key.
 *
 * Who leads swaps the word for a new one several times in the time for which it is good,
 * and leads for that long from when it began the last swap that went well. Others take
 * over when they have seen the same word for longer, by clocks of their own: no two
 * clocks have to agree. Who stops puts the empty word there, which anybody may swap.
 */
import { TaskId } from "@celeriac/tasks/TaskId"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { BeatError } from "../BeatError.ts"
import { Leadership, type Term } from "../Leadership.ts"

interface Word {
  readonly describe: string
  /** Empty when there is none. */
  readonly read: Effect.Effect<string, BeatError>
  /** Whether the word was `known`, and is `next` now. */
  readonly swap: (known: string, next: string) => Effect.Effect<boolean, BeatError>
}

/** How often the word is swapped, of the time for which it is good. */
const swapsPerValidity = 4

/** Clocks may run at different speeds, by less than this. */
const slack = 1.1

export const make = Effect.fnUntraced(function*(word: Word, validMillis: number) {
  const clock = yield* Clock.Clock
  const newWord = yield* TaskId
  const now = () => Number(clock.monotonicTimeNanosUnsafe()) / 1_000_000
  const pause = Effect.sleep(validMillis / swapsPerValidity)

  const hold = Effect.fnUntraced(function*(first: string, since: number) {
    let mine = first
    let heldUntil = since + validMillis
    const taken = yield* Deferred.make<string>()
    const renew = Effect.gen(function*() {
      yield* pause
      const began = now()
      const next = newWord()
      if (!(yield* word.swap(mine, next))) {
        heldUntil = -Infinity
        return yield* Deferred.succeed(taken, `${word.describe} is another's`)
      }
      mine = next
      heldUntil = began + validMillis
    }).pipe(
      Effect.timeoutOrElse({ duration: validMillis, orElse: () => Effect.void }),
      Effect.catch(() => Effect.void)
    )
    yield* Effect.addFinalizer(() => word.swap(mine, "").pipe(Effect.timeout(validMillis), Effect.ignore))
    yield* Effect.forkScoped(Effect.forever(renew))
    const isHeld = () => now() < heldUntil
    const unheard = Effect.suspend(() => Effect.sleep(Math.max(1, heldUntil - now()))).pipe(
      Effect.repeat({ while: isHeld }),
      Effect.as(`${word.describe} has not answered for ${validMillis} ms`)
    )
    return { isHeld, lost: Effect.raceFirst(Deferred.await(taken), unheard) } satisfies Term
  })

  const acquire = Effect.gen(function*() {
    let seen: { readonly word: string; readonly at: number } | undefined
    let told = ""
    while (true) {
      const began = now()
      const attempt = yield* Effect.result(Effect.gen(function*() {
        const known = yield* word.read
        // What is seen for the first time was swapped before this, maybe just now.
        if (seen?.word !== known) seen = { word: known, at: now() }
        if (known !== "" && began - seen.at < validMillis * slack) return undefined
        const next = newWord()
        return (yield* word.swap(known, next)) ? next : undefined
      }))
      if (attempt._tag === "Success") {
        told = ""
        if (attempt.success !== undefined) return yield* hold(attempt.success, began)
      } else if (attempt.failure.message !== told) {
        told = attempt.failure.message
        yield* Effect.logError(`beat: ${told}. Trying again...`)
      }
      yield* pause
    }
  }) as Effect.Effect<Term, never, Scope.Scope> // a loop without an end

  return Leadership.of({ describe: word.describe, acquire })
})
