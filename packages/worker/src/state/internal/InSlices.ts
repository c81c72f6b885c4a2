/**
 * Looks through very many, and lets everything else go on in between.
 *
 * A worker may hold a hundred thousand requests, each of which is read again when
 * more of it than its id is looked at: 250 take some milliseconds. Fewer are looked
 * through at once, without waiting.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"

const slice = 250

/** Those that are wanted, at most so many. What comes meanwhile may be among them, and what has gone too. */
export const filter = Effect.fnUntraced(function*<A>(
  all: Iterable<A>,
  isWanted: (one: A) => boolean,
  most: number = Infinity
): Effect.fn.Return<Array<A>> {
  const found: Array<A> = []
  let looked = 0
  for (const one of all) {
    if (found.length >= most) break
    if (looked > 0 && looked % slice === 0) yield* Effect.yieldNow
    looked++
    if (isWanted(one)) found.push(one)
  }
  return found
})
