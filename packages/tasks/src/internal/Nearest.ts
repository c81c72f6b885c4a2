/**
 * The name that may have been meant.
 */

/** The known name with the fewest edits, if they are few for its length; capitals and dashes do not count. */
export const nearest = (name: string, known: Iterable<string>): string | undefined => {
  const wanted = plain(name)
  let best: string | undefined
  let fewest = Math.max(2, Math.floor(wanted.length / 3)) + 1
  for (const candidate of known) {
    // Celery's old names had no room in front: `CELERY_ACKS_LATE` is `task_acks_late`.
    const bare = candidate.replace(/^[a-z]+_/, "")
    const edits = Math.min(distance(wanted, plain(candidate)), distance(wanted, plain(bare)) + 1)
    if (edits >= fewest) continue
    fewest = edits
    best = candidate
  }
  return best
}

const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, "").replace(/^celery/, "")

/** Letters to insert, delete or replace: Levenshtein's, a row at a time. */
const distance = (a: string, b: string): number => {
  let above = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const replaced = above[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1)
      current.push(Math.min(replaced, above[column]! + 1, current[column - 1]! + 1))
    }
    above = current
  }
  return above[b.length]!
}
