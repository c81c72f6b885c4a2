/**
 * One thing after the other, where each tells when it is done: what has an
 * order, and may be many.
 *
 * Whoever answers at once is asked in a loop, and not ever deeper.
 *
 * @since 0.1.0
 */

/** Asks until it is done, and `then` goes on. One who never answers ends it there: nothing is called any more. */
export const inTurn = (isDone: () => boolean, ask: (next: () => void) => void, then: () => void): void => {
  let isAnswered = true
  while (isAnswered && !isDone()) {
    let isLate = false
    isAnswered = false
    ask(() => {
      isAnswered = true
      if (isLate) then()
    })
    isLate = true
  }
  if (isAnswered) then()
}
